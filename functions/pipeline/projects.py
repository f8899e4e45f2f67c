"""The configured projects: one secret, `{project_id: {region, auth, …}}`, read and checked."""

import json
from dataclasses import dataclass

from pydantic import ValidationError

from functions.pipeline import log
from functions.pipeline.drs_project import Project
from functions.pipeline.edge import Edge
from functions.pipeline.secrets import Secrets


class BadProjects(Exception):
    """The projects secret is not `{project_id: {region, auth, …}}`. Names the fields, never their values."""


@dataclass(frozen=True)
class Projects:
    """The configured projects, and the version of the secret that they come from."""

    by_id: dict[str, Project]
    version: str


def parse_projects(text: str, version: str) -> Projects:
    """Read the projects secret. Raises BadProjects."""
    try:
        given = json.loads(text)
        if not isinstance(given, dict) or not given:
            raise BadProjects('the projects secret must be {"<project_id>": {"region": …, "auth": …}, …}')
        return Projects({name: Project.model_validate(value) for name, value in given.items()}, version)
    except ValidationError as e:
        wrong = "; ".join(f"{'.'.join(str(p) for p in found['loc'])}: {found['msg']}" for found in e.errors())
        raise BadProjects(f"the projects secret: {wrong}") from None
    except ValueError:
        raise BadProjects("the projects secret is not JSON") from None


async def projects(edge: Edge, secret_id: str, *, fresh: bool = False) -> Projects:
    """The configured projects, from the secret of minutes ago, with `fresh` of seconds ago. Raises BadProjects."""
    secrets = Secrets(edge.aws, edge.cache, edge.now)
    text = await (secrets.refreshed(secret_id) if fresh else secrets.value(secret_id))
    found = parse_projects(text, await secrets.version(secret_id))
    for project in found.by_id.values():
        log.conceal(*project.secrets())
    return found
