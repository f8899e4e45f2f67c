"""Requests from the tools that people already run: one module per source, each translates and decides nothing.

A delivery is proved, read and translated to a request; what follows is what happens to a webhook's request too.
"""
