"""A stand-in for Airflow, which takes 291 MB and two minutes to install: the few names that the snippet imports.

It keeps their rules: deferring ends a task by an exception, and a trigger is made anew from what it serializes.
"""
