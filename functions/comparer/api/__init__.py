"""The HTTP face: the comparison API of DRS, its tokens and signatures."""
