"""The command line: `mno`.

Every verb imports what it needs when it runs, so that `mno --help` answers at once: the engines and the
web framework take seconds to import.
"""


def main() -> None:
    """Runs the verb of the command line; errors that we expect end in one line and status 1."""
    from mno.platform.interpreter import collect_seldom

    collect_seldom()
    from mno.entry.cli.verbs import run

    run()
