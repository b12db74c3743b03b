"""Serves an empty BigQuery on free ports of this machine: serve.py PROJECT.

It prints one line, {"rest": "http://127.0.0.1:…", "grpc": "127.0.0.1:…"}, as soon
as both answer, and ends when its standard input does, so that it never outlives
who started it. Tables live in a folder that goes with it. Nobody is authenticated.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import threading

import amend
import uvicorn
from duckdb_extensions import import_extension

from local_bigquery.engine import database
from local_bigquery.grpc import server
from local_bigquery.settings import settings

HOST = "127.0.0.1"


def end(folder: pathlib.Path):
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def end_with_input(folder: pathlib.Path):
    while os.read(0, 4096):
        pass
    end(folder)


def main():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # uvicorn takes them to stop, and then raises them once more
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bigquery-emulator-"))
    for name in ("icu", "spatial", "ducklake"):
        import_extension(name)  # from the package, where DuckDB would download it
    amend.apply()
    settings.default_project_id = sys.argv[1]
    settings.default_dataset_id = "unused"
    settings.data_dir = folder
    database.connection()
    listener = socket.create_server((HOST, 0))
    _, grpc_port = server.start(HOST, 0)
    rest = f"http://{HOST}:{listener.getsockname()[1]}"
    print(json.dumps({"rest": rest, "grpc": f"{HOST}:{grpc_port}"}), flush=True)
    threading.Thread(target=end_with_input, args=(folder,), daemon=True).start()
    uvicorn.Server(uvicorn.Config("local_bigquery:app", log_level="warning")).run([listener])
    end(folder)


main()
