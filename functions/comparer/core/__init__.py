"""Comparing, whatever the engine: what an engine must offer, plans, the three levels, and what they find."""
