"""Serves a page to listen to recordings, correct their text, and keep it as training data."""

from __future__ import annotations

import argparse
import importlib.util
import secrets
import sys
from pathlib import Path

from asrkit.arguments import UsageError, at_least, run_main
from asrkit.decode.options import add_network_options, open_recognizer
from asrkit.decode.plan import AUTO

PACKAGES = ("starlette", "uvicorn", "python_multipart")


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "--model",
        type=Path,
        default=Path("exp/asr_multilingual"),
        help="exp/<name>, a checkpoint in it, or a pack (.zip)",
    )
    add(
        "--data",
        type=Path,
        default=Path("data/corrections"),
        help="where recordings and corrections are kept, as a data folder",
    )
    add(
        "--lang",
        help="language of the speech: takes lexicon and n-gram of <model>/../ngram/<lang>, if they "
        "are there; default: what --data has, else und (unknown)",
    )
    add(
        "--host",
        default="127.0.0.1",
        help="address to listen on; any but the default asks who comes for a token",
    )
    add("--port", type=at_least(0), default=8808, help="0: any free one")
    add("--max_mb", type=at_least(1), default=500, help="largest file that is taken")
    add("--max_minutes", type=at_least(1), default=60, help="longest recording that is taken")
    add_network_options(parser)
    parser.set_defaults(max_seconds=30.0)  # the text of a window appears at once
    return parser


def run(args: argparse.Namespace) -> int:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the page needs {', '.join(missing)}; install what it needs with: "
            'pip install "asrkit[serve]"'
        )
    from asrkit.serve import app
    from asrkit.serve.guard import is_loopback
    from asrkit.serve.uploads import Limits

    token = None if is_loopback(args.host) else secrets.token_urlsafe(24)
    if args.lang == AUTO:
        raise UsageError("--lang auto: the page keeps recordings of one language; name it")
    with app.listen(args.host, args.port) as at:
        model = open_recognizer(args.model, args)
        limits = Limits(args.max_mb << 20, args.max_minutes * 60)
        page = app.make_app(
            model,
            args.data,
            args.lang,
            limits,
            host=args.host,
            token=token,
            max_seconds=args.max_seconds,
        )
        port = at.getsockname()[1]
        host = f"[{args.host}]" if ":" in args.host else args.host
        query = f"?token={token}" if token else ""
        print(
            f"http://{host}:{port}/{query}  (Ctrl-C stops; all is kept in {args.data})", flush=True
        )
        app.run(page, at)
    return 0


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
