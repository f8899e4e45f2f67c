"""The contracts as documents: JSON Schema, OpenAPI and AsyncAPI, made from the models and committed under `events/`.

`make contracts` writes them. Nothing here ships with the pipeline.
"""
