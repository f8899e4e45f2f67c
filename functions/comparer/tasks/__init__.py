"""Comparison tasks: their life, what they find, and the store that keeps both."""
