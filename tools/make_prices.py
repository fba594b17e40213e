#!/usr/bin/env python3
"""Writes data/prices.toml from a list of prices.

    tools/make_prices.py LIST.json YYYY-MM-DD > data/prices.toml

LIST.json is models.dev's list as one JSON object: {"source", "models": [{
"provider", "model", "cost_usd_per_million_tokens": {"input", "output",
"cache_read", "cache_write", "reasoning", "tiers"}, "modes", "context_tokens",
"output_tokens_max"}]}. The date is the list's own: its prices hold from that
day on. To take up a newer list, append its rows to those that are there, so
that older exchanges keep their prices.
"""

import json
import sys
from decimal import Decimal

HEADER = """\
# What models cost, in dollars per million tokens.
#
# Made by tools/make_prices.py from {source}.
# Prices are facts that providers publish; they change, and lists have errors.
# Check those of the models you use most against your bill. The format is in
# docs/formats/prices.md; your own contracts' rates stand in the configuration
# ([contract.NAME] rates, model_rates, unknown_rates).

source = {quoted}
"""

# Anthropic charges a cache write at 1.25 times the input (kept 5 minutes) or
# twice the input (an hour); the list has the first of both only.
WRITE_5M = Decimal("1.25")
WRITE_1H = Decimal("2")

def number(value):
    text = format(Decimal(str(value)).normalize(), "f")
    return text if "." in text else text + ".0"


def rates(provider, cost):
    pairs = [("input", cost["input"]), ("output", cost["output"])]
    if "cache_read" in cost:
        pairs.append(("cache_read", cost["cache_read"]))
    write = cost.get("cache_write")
    if provider == "anthropic":
        # Some rows of the list have less than the input's price.
        least = Decimal(str(cost["input"])) * WRITE_5M
        write = max(Decimal(str(write or 0)), least)
    if write is not None:
        pairs.append(("cache_write", write))
    if provider == "anthropic":
        pairs.append(("cache_write_1h", Decimal(str(cost["input"])) * WRITE_1H))
    if "reasoning" in cost:
        pairs.append(("reasoning", cost["reasoning"]))
    return ", ".join(f"{key} = {number(value)}" for key, value in pairs)


def row(model, date):
    provider = model["provider"]
    cost = model["cost_usd_per_million_tokens"]
    lines = [
        "[[row]]",
        f"provider = {json.dumps(provider)}",
        f"model = {json.dumps(model['model'])}",
        f"from = {date}",
        f"rates = {{ {rates(provider, cost)} }}",
    ]
    for tier in cost.get("tiers", []):
        size = int(tier["tier"]["size"])
        text = rates(provider, tier)
        lines.append(f"tiers = [{{ above = {size}, {text} }}]")
    for mode, prices in (model["modes"] or {}).items():
        assert mode == "fast", mode
        lines.append(f"fast = {{ {rates(provider, prices)} }}")
    for limit in ("context_tokens", "output_tokens_max"):
        if model[limit]:
            lines.append(f"{limit} = {int(model[limit])}")
    return "\n".join(lines)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: make_prices.py LIST.json YYYY-MM-DD")
    with open(sys.argv[1], encoding="utf-8") as file:
        listed = json.load(file)
    source = listed["source"]
    print(HEADER.format(source=source, quoted=json.dumps(source)))
    models = sorted(listed["models"], key=lambda m: (m["provider"], m["model"]))
    print("\n\n".join(row(model, sys.argv[2]) for model in models))


if __name__ == "__main__":
    main()
