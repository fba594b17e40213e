#!/usr/bin/env python3
"""Prints the words of a file, one a line."""

import argparse
import sys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    args = parser.parse_args()
    return run(args.path)


if __name__ == "__main__":
    sys.exit(main())
