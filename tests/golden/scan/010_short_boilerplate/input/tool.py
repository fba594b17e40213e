#!/usr/bin/env python3
"""Empties a folder."""

import argparse
import sys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    args = parser.parse_args()
    return clear(args.folder)


if __name__ == "__main__":
    sys.exit(main())
