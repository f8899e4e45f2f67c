"""The comparison service: the DRS comparison API over real databases."""
