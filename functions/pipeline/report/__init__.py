"""Reports of one comparison: from a finished event's data to a page, Markdown, JUnit XML or JSON. Pure functions.

`formats` knows them all. Whatever is written here may hold names that somebody else has chosen.
"""
