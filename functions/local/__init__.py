"""The local cloud and the command line."""
