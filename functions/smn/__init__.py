"""Huawei Cloud's SMN over HTTPS in, a message of the requests queue out: an artifact of its own.

Proving a notification needs an X.509 certificate and RSA, and the library for that is as large as all that the pipeline
ships. What is used of the pipeline here does without pydantic, so that both together stay small.
"""
