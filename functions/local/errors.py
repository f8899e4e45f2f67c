"""Errors of the local cloud that people see."""


class TemplateError(Exception):
    """The template says something that the local cloud does not do, or something that AWS would refuse."""


class LocalCloudError(Exception):
    """The local cloud cannot do what it was asked to."""
