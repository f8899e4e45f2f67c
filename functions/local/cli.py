"""`parity`: the command line. Finds the command, and turns whatever goes wrong into one line and an exit code."""

import importlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence

import click

from functions.local.cli_errors import CommandFailed, ReaderGone
from functions.local.exit_codes import INTERNAL, INTERRUPTED, OK, TOLD, UNREAD, USAGE

# Each command is imported when it is asked for: most need no cloud, and moto alone takes a second.
COMMANDS = {
    "demo": ("demo", "the whole journey on two sample databases, in ten seconds"),
    "compare": ("compare", "compare two databases, here and now"),
    "up": ("up", "run the local cloud and the comparer until stopped"),
    "comparer": ("comparer", "serve the comparison API alone"),
    "send": ("send", "sign a request and post it"),
    "watch": ("watch", "follow a comparison to its verdict"),
    "status": ("status", "show one comparison"),
    "list": ("listing", "show many comparisons, newest first"),
    "report": ("report", "write the report of a finished comparison"),
    "cancel": ("cancel", "ask to stop a comparison"),
    "map": ("map", "try a trigger's mapping on a payload"),
    "replay": ("replay", "put dead letters back into their queues"),
    "doctor": ("doctor", "check configuration, clock, credentials and reachability"),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"functions.local.commands.{COMMANDS[cmd_name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in COMMANDS.items()])


@click.command(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog=TOLD,
)
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
@click.version_option(package_name="parity", prog_name="parity", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> int:
    """Parity turns a database-migration comparison into an event.

    send, watch, status, list, cancel, replay and doctor talk to the local
    cloud that `parity up` runs, or to a deployment: --target URL, or
    PARITY_URL, with PARITY_TOKEN and PARITY_WEBHOOK_SECRET.

    \b
      parity demo                        see it work, without any account
      parity compare old.db new.db       compare two databases
      parity up                          try webhooks on this machine
    """
    ctx.obj = debug
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
    return OK


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Never raises."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks is shown escaped; it must not end the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return exit_code_of(
        lambda: cli.main(args=given, prog_name="parity", standalone_mode=False), debug="--debug" in given
    )


def exit_code_of(run: Callable[[], object], *, debug: bool = False) -> int:
    """Run a command: its result is the exit code. Whatever it raises is one line on standard error and an exit code."""
    try:
        ended = run()
        sys.stdout.flush()
    except click.ClickException as error:
        return _tell(_one_line(error), USAGE)
    except CommandFailed as error:
        return _tell(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _tell("interrupted", INTERRUPTED)
    except (ReaderGone, BrokenPipeError):
        # Whoever read our output has seen enough; what is left in the buffer must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except Exception as error:  # noqa: BLE001 - the last stop: a defect is told in one line, never as a traceback
        if debug:
            traceback.print_exc()
        return _tell(f"internal error: {_brief(error)} (run `parity --debug …` for the traceback)", INTERNAL)
    return ended if isinstance(ended, int) else OK


def _one_line(error: click.ClickException) -> str:
    text = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "parity"
    return f"{text.rstrip('.')} (see `{path} --help`)"


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".removesuffix(": ")


def _tell(message: str, exit_code: int) -> int:
    click.echo(f"parity: {' '.join(message.split())}", err=True)
    return exit_code
