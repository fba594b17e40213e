#!/usr/bin/env python3
"""Writes data/datasets.toml from a list of datasets.

    tools/make_datasets.py LIST.json > data/datasets.toml

LIST.json is one JSON object: {"source", "datasets": [{"name", "generators",
"licences", "hub_id", "confidence"}]}. What the list cannot know stands below:
which terms a generator's name stands for, by what other names a dataset goes,
what of it is people's, and rows of our own.
"""

import json
import re
import sys

HEADER = """\
# Public datasets that models wrote, whole or in part, and the names by which
# those models go. For text that never passed a gate: `cofferdam scan` gives a
# `marked` finding where a corpus says of itself that it is one of these.
#
# Made by tools/make_datasets.py from: {source}.
# Names of datasets and models are facts; lists have errors. Corrections belong
# in the script. The format is in docs/formats/datasets.md.
"""

API = {"openai": {"provider": "openai", "product": "api", "plan": "business"},
       "anthropic": {"provider": "anthropic", "product": "api"},
       "google": {"provider": "google", "product": "gemini api"},
       "xai": {"provider": "xai", "product": "api"},
       "mistral": {"provider": "mistral", "product": "api"},
       "deepseek": {"provider": "deepseek", "product": "api"}}
APACHE = "weights under Apache-2.0, which says nothing of outputs"
MIT = "weights under the MIT licence, which says nothing of outputs"


def weights(name):
    return {"weights": name}


def terms_class(name, note):
    return {"class": name, "note": note}


UNKNOWN = {"class": "unknown"}

# name, terms, what claims such as `model` call it ("*" stands for anything;
# a publisher before a "/" is passed over).
GENERATORS = [
    ("OpenAI", API["openai"],
     ["gpt-3*", "gpt3*", "gpt-4*", "gpt4*", "gpt-5*", "gpt5*", "chatgpt*",
      "o1", "o1-*", "o3", "o3-*", "o4-mini*", "text-davinci-*", "davinci-00*",
      "code-davinci-*", "codex-*", "codex", "openai"]),
    ("Claude", API["anthropic"],
     ["claude", "claude-*", "claude *", "claude2*", "claude3*", "anthropic"]),
    ("Gemini", API["google"],
     ["gemini", "gemini-*", "gemini *", "text-bison*", "chat-bison*"]),
    ("Grok", API["xai"], ["grok", "grok-*"]),
    ("Mistral's service", API["mistral"],
     ["mistral-large*", "mistral-medium*", "codestral*"]),
    ("Mistral's open weights", terms_class("allow", APACHE),
     ["mixtral*", "mistral-7b*", "mistral-nemo*", "open-mistral*",
      "open-mixtral*", "devstral-small*"]),
    ("DeepSeek-R1", weights("deepseek/deepseek-r1"),
     ["deepseek-r1*", "deepseek_r1*", "deepseek-reasoner*", "r1"]),
    ("DeepSeek-V3", weights("deepseek/deepseek-v3"),
     ["deepseek-v3*", "deepseek_v3*", "deepseek-chat*"]),
    ("DeepSeek", UNKNOWN, ["deepseek*"]),
    ("Llama 2", weights("meta/llama-2"),
     ["llama-2*", "llama2*", "llama_2*", "vicuna*"]),
    ("Llama 3.1 to 3.3", weights("meta/llama-3.1"),
     ["llama-3.1*", "llama3.1*", "llama-3.2*", "llama3.2*", "llama-3.3*",
      "llama3.3*", "meta-llama-3.1*", "meta-llama-3.2*", "meta-llama-3.3*"]),
    ("Llama 4", weights("meta/llama-4"), ["llama-4*", "llama4*"]),
    ("Llama 3", weights("meta/llama-3"),
     ["llama-3", "llama3", "llama-3-*", "llama3-*", "llama-3:*",
      "meta-llama-3", "meta-llama-3-*"]),
    ("Llama", UNKNOWN, ["llama-1*", "llama-7b*", "llama-13b*", "llama-65b*"]),
    ("Qwen 2.5 and 3", weights("qwen/qwen2.5"),
     ["qwen2.5*", "qwen-2.5*", "qwen3*", "qwen-3*"]),
    ("QwQ", terms_class("allow", APACHE), ["qwq*"]),
    ("Qwen", UNKNOWN, ["qwen*"]),
    ("Gemma", weights("google/gemma-3"), ["gemma*"]),
    ("Kimi", weights("moonshot/kimi-k2"), ["kimi-k2*"]),
    ("Phi", terms_class("allow", MIT), ["phi-2*", "phi-3*", "phi-4*"]),
    ("StarCoder", terms_class(
        "allow_viral", "weights under OpenRAIL-M, whose restrictions of use "
        "flow down"), ["starcoder*"]),
    ("Command R", UNKNOWN, ["command-r*", "c4ai-command*"]),
    ("Nous Hermes", UNKNOWN, ["nous-hermes*"]),
    ("Gretel Navigator", UNKNOWN, ["gretel-navigator*"]),
    ("Glaive's own", UNKNOWN, []),
    ("Character AI", UNKNOWN, []),
    ("SeaLLM", UNKNOWN, ["seallm*"]),
    ("Bing Chat", UNKNOWN, ["bing chat", "bing-chat"]),
    ("Alpaca 7B", UNKNOWN, []),
    ("Dolly", UNKNOWN, ["dolly-v*"]),
    ("an older open model", UNKNOWN, ["gpt-2*", "gpt2*", "gpt-j*"]),
]

# The list's names of generators, by what they begin with; "" for what writes
# nothing of its own: translators, classifiers, templates.
NAMES = [
    ("OpenAI GPT-1", "an older open model"),
    ("OpenAI GPT-2", "an older open model"), ("OpenAI", "OpenAI"),
    ("Anthropic", "Claude"), ("Claude", "Claude"),
    ("Llama-2", "Llama 2"), ("LLaMA-2", "Llama 2"), ("LLama-2", "Llama 2"),
    ("BX LLaMa", "Llama 2"), ("Vicuna", "Llama"), ("Llama 13B", "Llama"),
    ("Llama-3.1", "Llama 3.1 to 3.3"), ("Llama-3-", "Llama 3"),
    ("Mixtral", "Mistral's open weights"),
    ("Mistral-7B", "Mistral's open weights"),
    ("DeepSeek-R1", "DeepSeek-R1"), ("StarCoder", "StarCoder"),
    ("Command R+", "Command R"), ("Nous-Hermes", "Nous Hermes"),
    ("Gretel Navigator", "Gretel Navigator"),
    ("In-House Glaive", "Glaive's own"), ("Character AI", "Character AI"),
    ("SeaLLM", "SeaLLM"), ("Bing Chat", "Bing Chat"),
    ("alpaca", "Alpaca 7B"), ("dolly", "Dolly"),
    ("Instruct-GPT-J", "an older open model"),
    ("CTRL", "an older open model"), ("Grover", "an older open model"),
    ("XLNet", "an older open model"), ("pplm", "an older open model"),
    ("transformer_xl", "an older open model"),
    ("T5", "an older open model"), ("flan-t5", "an older open model"),
    ("Flan-T5", "an older open model"), ("BART", "an older open model"),
    ("Google", ""), ("DeepL", ""), ("Other", ""), ("templates", ""),
    ("wmt", ""), ("xlm", ""), ("IndicTrans2", ""), ("wikisql", ""),
    ("NBC", ""), ("RoBERTa", ""), ("SBERT", ""), ("SVM", ""),
]

# Collections in which models wrote a part, beside people or older corpora: a
# record of theirs may well be a person's.
MIXED = {
    "10k Prompt Ranked", "Anthropic HH-RLHF", "ChatbotArena", "COIG",
    "DialogStudio", "ExpertQA", "Flan Collection (Dialog)",
    "Flan Collection (Flan 2021)",
    "Flan Collection (Super-NaturalInstructions)", "Gorilla", "HC3 (Chinese)",
    "HC3 (English)", "Indic-Instruct", "InstAr", "KIWI", "lmsys_chat_1m",
    "Longform", "LongAlign-10k", "MathDial", "Medical Meadow", "MegaWika",
    "OIG", "OpenAI (Summarize from Feedback)", "OpenAI (WebGPT)",
    "PMC-LLaMA Instructions", "PygmalionAI-PIPPA", "SEACrowd",
    "ShareGPT Vicuna", "Tasksource Instruct", "Tasksource Symbol-Tuning",
    "ToxicChat", "WildChat", "xP3x", "Open-Platypus", "CoT Collection",
    "Cobra Frames", "NomicAI GPT4AllJ", "Deita 10K", "MathInstruct",
}

# Names of files and folders that are nobody else's. A word or two that people
# use for other things (alpaca, nectar, dart) is none.
MORE_NAMES = {
    "Alpaca": ["alpaca-data.json", "alpaca-data-cleaned", "alpaca-cleaned"],
    "Airoboros": ["airoboros"],
    "Baize Chat Data": ["alpaca-chat-data", "quora-chat-data",
                        "stackoverflow-chat-data"],
    "Camel-AI Science": ["camel-ai/math", "camel-ai/chemistry",
                         "camel-ai/biology", "camel-ai/code",
                         "camel-ai/ai-society"],
    "Code Alpaca": ["code-alpaca-20k", "codealpaca-20k", "code-alpaca-2k"],
    "GPT-4-Alpaca": ["alpaca-gpt4-data", "alpaca-gpt4"],
    "GPTeacher": ["gpteacher"],
    "Magicoder OSS-Instruct-75K": ["data-oss-instruct-decontaminated",
                                   "oss-instruct-75k"],
    "MetaMathQA": ["metamathqa"],
    "Open Orca": ["openorca"],
    "OpenHermes-2.5": ["openhermes-2.5", "openhermes2-5"],
    "OpenThoughts-114k": ["openthoughts-114k"],
    "Orca-Math": ["orca-math-word-problems-200k"],
    "ShareGPT Vicuna": ["sharegpt-v3-unfiltered-cleaned-split",
                        "sharegpt-vicuna-unfiltered"],
    "SlimOrca": ["slimorca", "slimorca-dedup"],
    "Tiny Stories": ["tinystories", "tinystories-train", "tinystoriesv2"],
    "Tool-Llama": ["toolllama-g123-dfs-train"],
    "UltraChat": ["ultrachat"],
    "UltraChat_200k": ["ultrachat-200k"],
    "UltraFeedback Argilla": ["ultrafeedback", "openbmb/ultrafeedback"],
    "Unnatural Instructions": ["unnatural-instructions"],
    "WildChat": ["wildchat", "wildchat-1m"],
    "WizardLM Evol-Instruct": ["evol-instruct-70k", "alpaca-evol-instruct-70k"],
    "WizardLM Evol-Instruct V2": ["wizardlm-evol-instruct-v2-196k",
                                  "wizardlm-evol-instruct-v2-143k"],
    "lmsys_chat_1m": ["lmsys-chat-1m"],
    "Evol-CodeAlpaca": ["evol-codealpaca-v1"],
    "Cosmopedia": ["cosmopedia"],
}

# Rows of our own: name, names of files, generators, what it holds, confidence,
# source.
OWN = [
    ("OpenCodeInterpreter", ["m-a-p/code-feedback"], ["OpenAI"], "outputs",
     "unverified", "recalled"),
    ("OpenThoughts3", ["open-thoughts/openthoughts3-1.2m"], ["QwQ"],
     "outputs", "unverified", "recalled"),
    ("SmolTalk, Magpie Ultra", ["huggingfacetb/smoltalk",
                                "argilla/magpie-ultra-v1.0"],
     ["Llama 3.1 to 3.3"], "outputs", "unverified", "recalled"),
    ("s1K", ["simplescaling/s1k"], ["Gemini"], "outputs", "unverified",
     "recalled"),
    ("s1K-1.1", ["simplescaling/s1k-1.1"], ["DeepSeek-R1"], "outputs",
     "unverified", "recalled"),
    ("Tulu 3 personas", ["allenai/tulu-3-sft-personas-math",
                         "allenai/tulu-3-sft-personas-code"],
     ["OpenAI", "Claude"], "outputs", "unverified", "recalled"),
    ("SWE-smith trajectories", ["swe-bench/swe-smith-trajectories"],
     ["Claude", "OpenAI"], "outputs", "unverified", "recalled"),
    ("SWE-Gym trajectories", ["swe-gym/openhands-sft-trajectories"],
     ["Claude", "OpenAI"], "outputs", "unverified", "recalled"),
    ("distilled from Claude, by its name",
     ["*claude*distill*", "*-opus-*reasoning*", "opus-*reasoning*",
      "*-sonnet-*reasoning*", "sonnet-*reasoning*",
      "*claude*reasoning*"], ["Claude"], "outputs", "unverified",
     "the name alone"),
    ("distilled from R1, by its name", ["*deepseek*r1*distill*",
                                        "*r1*distill*sft*"],
     ["DeepSeek-R1"], "outputs", "unverified", "the name alone"),
    ("made by GPT-4, by its name", ["*gpt4*generated*", "*gpt-4*generated*",
                                    "*chatgpt*generated*"], ["OpenAI"],
     "outputs", "unverified", "the name alone"),
]

# Written by people: what their names match is no model's by another's name.
HUMAN = [
    ("Dolly 15k", ["databricks-dolly-15k"]),
    ("OpenAssistant", ["oasst1", "oasst2"]),
    ("No Robots", ["huggingfaceh4/no-robots"]),
    ("LIMA", ["gair/lima"]),
    ("CommitPackFT", ["commitpackft", "commitpack"]),
]

CONFIDENCE = {"catalogue": "catalogue", "unverified": "unverified"}


def generator_of(name):
    for begin, to in NAMES:
        if name.startswith(begin):
            return to
    sys.exit(f"no generator is called {name!r}: add it to NAMES")


def slug(name):
    """As cofferdam reads a path: small letters, digits, "-", "/"."""
    return "/".join(re.sub(r"[^a-z0-9*]+", "-", part).strip("-")
                    for part in name.lower().split("/"))


def is_nobody_elses(name):
    words = slug(name).split("-")
    with_digits = any(c.isdigit() for c in name) and len(words) > 1
    return len(name) >= 12 and (len(words) > 2 or with_digits)


def names_of(row):
    names = []
    hub = row.get("hub_id") or ""
    # One of many sets of a collection names that set; one that is a path into
    # a repository is cut to it.
    parts = hub.split("/")[:2]
    if len(parts) == 2 and "Collection" not in row["name"] and \
            not row["name"].startswith(("Tasksource", "xP3x", "SEACrowd")):
        names.append("/".join(parts))
        if is_nobody_elses(parts[1]):
            names.append(parts[1])
    names += MORE_NAMES.pop(row["name"], [])
    return list(dict.fromkeys(map(slug, names)))


def own_names(names):
    parts = [n.split("/")[1] for n in names if "/" in n]
    return list(map(slug, names + list(filter(is_nobody_elses, parts))))


def texts(values):
    return "[" + ", ".join(json.dumps(v, ensure_ascii=False)
                           for v in values) + "]"


def generator_row(name, terms, names):
    lines = ["[[generator]]", f"name = {json.dumps(name)}"]
    if "class" in terms:
        lines.append(f"class = {json.dumps(terms['class'])}")
        if "note" in terms:
            lines.append(f"note = {json.dumps(terms['note'])}")
    else:
        pairs = ", ".join(f"{k} = {json.dumps(v)}" for k, v in terms.items())
        lines.append(f"terms = {{ {pairs} }}")
    lines.append(f"names = {texts(names)}")
    return "\n".join(lines)


def dataset_row(name, match, generators, holds, confidence, source):
    return "\n".join([
        "[[dataset]]", f"name = {json.dumps(name)}", f"match = {texts(match)}",
        f"generators = {texts(generators)}", f"holds = {json.dumps(holds)}",
        f"confidence = {json.dumps(confidence)}",
        f"source = {json.dumps(source)}"])


def rows_of(listed):
    for row in listed["datasets"]:
        if row["name"].startswith("string:"):
            continue  # the list's own template
        generators = list(dict.fromkeys(
            g for g in map(generator_of, row["generators"]) if g))
        match = names_of(row)
        if not generators or not match:
            continue
        said = row["confidence"]
        confidence = CONFIDENCE.get(said, "authors")
        source = {"catalogue": "Data Provenance Collection, 2025-03",
                  "unverified": "recalled"}.get(said, said)
        holds = "mixed" if row["name"] in MIXED else "outputs"
        yield dataset_row(row["name"], match, generators, holds, confidence,
                          source)
    for name, match, *rest in OWN:
        yield dataset_row(name, own_names(match), *rest)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        listed = json.load(file)
    rows = [HEADER.format(source=listed["source"])]
    rows += [generator_row(*row) for row in GENERATORS]
    rows += rows_of(listed)
    rows += [f"[[human]]\nname = {json.dumps(name)}\n"
             f"match = {texts(map(slug, match))}" for name, match in HUMAN]
    if MORE_NAMES:
        sys.exit(f"no dataset is called {', '.join(MORE_NAMES)}")
    print("\n\n".join(rows))


if __name__ == "__main__":
    main()
