"""Writes the tables of this folder anew: python3 make.py, with pyarrow 26.

Four rows each, in two row groups or batches: a person's text, the text of
output.txt, a conversation that quotes it, and a row without a text.
"""

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent
OUTPUT = (HERE / "output.txt").read_text()

message = pa.struct([("role", pa.string()), ("content", pa.string())])
table = pa.table({
    "id": pa.array([1, 2, 3, 4]),
    "text": ["Nobody but a person wrote this line.", OUTPUT, None, None],
    "messages": pa.array([
        None, None,
        [{"role": "user", "content": "Write it."},
         {"role": "assistant", "content": "Here it is:\n" + OUTPUT}],
        [],
    ], pa.list_(message)),
    "source": ["person", "unknown", "chat", "nothing"],
}).replace_schema_metadata({"made_by": "tests/e2e/tables/make.py"})

pq.write_table(table, HERE / "rows.parquet", row_group_size=2,
               compression="zstd")
with pa.ipc.new_file(HERE / "rows.arrow", table.schema) as out:
    out.write_table(table, max_chunksize=2)
