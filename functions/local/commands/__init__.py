"""The commands of `parity`, one module each; a module's `command` is what the command line runs."""
