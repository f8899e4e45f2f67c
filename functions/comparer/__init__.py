"""Parity's own comparison service: it answers the DRS comparison API and really compares two databases."""
