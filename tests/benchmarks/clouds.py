"""Local clouds for the benchmarks: the template as it is, but with the code of one side, and only what is measured.

Functions run as processes under the Lambda runtime client. They see the folders of their side and nothing of the
environment that runs the benchmark: an installed package may change what another one imports.
"""

import base64
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from functions.local.cloud import Cloud, Runtime
from functions.local.invocations import Hop
from tests.benchmarks.grounds import ROOT, Ground

Side = Literal["ours", "usual"]
PROJECT = "054ba152d480d55b2f5dc0069e7ddef0"
KEY = base64.b64encode(b"k" * 32).decode()
_BARE = "import sys\nsys.path[:] = [path for path in sys.path if 'site-packages' not in path]\n"


@dataclass(frozen=True)
class Templates:
    """One template per side, and the folder that hides what is installed here."""

    ground: Ground
    folder: Path

    @classmethod
    def write(cls, ground: Ground, folder: Path) -> "Templates":
        """Write them into `folder`."""
        text = (ROOT / "template.yaml").read_text("utf-8")
        # The function with code of its own is not measured; another stands in, which is never called.
        text = text.replace("      CodeUri: functions/smn\n", "").replace(
            "functions.smn.receive", "functions.pipeline.trigger"
        )
        (folder / "ours.yaml").write_text(_over(text, ground.parity / "functions/pipeline"), "utf-8")
        usual = re.sub(r"Handler: functions\.pipeline\.(\w+)\.handler", r"Handler: usual.\1.handler", text)
        # The others are never called there.
        usual = re.sub(r"usual\.(create|sweep|status|chat|trigger|dms)\.", "usual.webhook.", usual)
        (folder / "usual.yaml").write_text(_over(usual, ground.usual), "utf-8")
        (folder / "bare").mkdir()
        (folder / "bare/sitecustomize.py").write_text(_BARE, "utf-8")
        return cls(ground, folder)

    def environment(self, side: Side) -> dict[str, str]:
        """Variables for the functions of a side."""
        code = self.ground.parity if side == "ours" else self.ground.usual
        path = (self.folder / "bare", code, self.ground.runtime)
        return {"PYTHONPATH": ":".join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}

    @asynccontextmanager
    async def cloud(
        self,
        side: Side,
        drs_url: str,
        *,
        parameters: Mapping[str, Any],
        alone: bool = False,
        runtime: Runtime = "processes",
        **options: Any,
    ) -> AsyncIterator[Cloud]:
        """A running cloud. `alone`: neither the requests queue nor the schedule calls anything."""
        template = self.folder / f"{side}.yaml"
        if alone:
            template = self.folder / f"{side}-alone.yaml"
            template.write_text(_alone((self.folder / f"{side}.yaml").read_text("utf-8")), "utf-8")
        cloud = await Cloud.start(
            template,
            {"CallsPerSecond": 100, "PollJitterPercent": 0} | dict(parameters),
            secrets={"ProjectsSecret": projects(drs_url), "WebhookSecret": KEY},
            runtime=runtime,
            extra_env=self.environment(side),
            **options,
        )
        async with cloud:
            yield cloud


def projects(drs_url: str) -> str:
    """The projects secret for a DRS at `drs_url`."""
    place = {"region": "cn-north-4", "drs_endpoint": drs_url, "iam_endpoint": drs_url}
    return json.dumps({PROJECT: place | {"auth": "aksk", "access_key": "AKEXAMPLE", "secret_key": "not a secret"}})


def failed(hop: Hop) -> str | None:
    """What went wrong in an invocation, if anything: a benchmark of failures would look fast."""
    failures = isinstance(hop.payload, dict) and hop.payload.get("batchItemFailures")
    return f"{hop.function} {hop.outcome}: {hop.payload!s:.500}" if hop.outcome != "ok" or failures else None


def _over(template: str, code: Path) -> str:
    return _replaced(template, "    CodeUri: functions/pipeline\n", f"    CodeUri: {code}\n")


def _alone(template: str) -> str:
    schedule, queue = "            Schedule: rate(1 minute)\n", "            Queue: !GetAtt RequestsQueue.Arn\n"
    text = _replaced(template, f"{schedule}            Enabled: true\n", f"{schedule}            Enabled: false\n")
    return _replaced(text, queue, f"{queue}            Enabled: false\n")


def _replaced(template: str, old: str, new: str) -> str:
    if template.count(old) != 1:
        msg = f"template.yaml has {template.count(old)} places like {old!r}; the benchmarks need exactly one"
        raise ValueError(msg)
    return template.replace(old, new)
