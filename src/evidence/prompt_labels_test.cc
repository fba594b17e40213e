#include "evidence/prompt_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/json.h"

namespace cofferdam::evidence {
namespace {

using testing::HasSubstr;
using Mode = LabelBuilder::Mode;

// What a company would not like to see elsewhere.
constexpr std::string_view kSecret = R"(// Copyright Example Lab.
// Licensed to nobody.
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace lab {

struct Quote {
  double bid = 0;
  double ask = 0;
  int64_t at_micros = 0;
};

// Decays the weight of old quotes and leans against inventory.
double FairPrice(std::span<const Quote> quotes, int64_t now_micros,
                 double inventory, double half_life_s) {
  double weight_sum = 0;
  double price_sum = 0;
  for (const Quote& quote : quotes) {
    if (quote.ask <= quote.bid) continue;
    const double age_s = (now_micros - quote.at_micros) / 1e6;
    const double weight = std::exp2(-age_s / half_life_s);
    const double middle = (quote.bid + quote.ask) * 0.5;
    price_sum += weight * middle;
    weight_sum += weight;
  }
  if (weight_sum < 1e-9) return std::nan("");
  const double lean = std::tanh(inventory / 250.0) * 0.0125;
  return price_sum / weight_sum * (1 - lean);
}

std::vector<double> Ladder(double fair, double spread, size_t depth) {
  std::vector<double> levels;
  levels.reserve(depth * 2);
  double step = spread / 2;
  for (size_t i = 0; i < depth; ++i) {
    levels.push_back(fair - step);
    levels.push_back(fair + step);
    step = step * 1.35 + spread * 0.1;
  }
  std::sort(levels.begin(), levels.end());
  return levels;
}

}  // namespace lab
)";

// A text that everybody has written, and the company, too.
constexpr std::string_view kCommon = R"(#!/usr/bin/env python3
# Copyright 2025 Example Lab. All rights reserved.
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
import argparse
import json
import logging
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

logger = logging.getLogger(__name__)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    with open(args.path) as f:
        data = json.load(f)
    for key, value in data.items():
        print(key, value)


if __name__ == "__main__":
    sys.exit(main())
)";

std::string Replaced(std::string text, std::string_view from,
                     std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// The text between two marks of it, both included.
std::string Between(std::string_view text, std::string_view from,
                    std::string_view to) {
  const size_t begin = text.find(from);
  const size_t end = text.find(to, begin);
  EXPECT_NE(end, std::string_view::npos);
  return std::string(text.substr(begin, end + to.size() - begin));
}

std::string FairPriceAlone() {
  return Between(kSecret, "double FairPrice", "(1 - lean);\n}");
}

std::string Renamed(std::string text) {
  for (auto [from, to] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"FairPrice", "estimate"},
           {"quotes", "rows"},
           {"quote", "row"},
           {"Quote", "Row"},
           {"weight_sum", "total"},
           {"price_sum", "acc"},
           {"weight", "w"},
           {"inventory", "position"},
           {"half_life_s", "tau"},
           {"age_s", "dt"},
           {"middle", "m"},
           {"lean", "skew"},
           {"now_micros", "clock"}}) {
    text = Replaced(std::move(text), from, to);
  }
  return text;
}

class PromptLabelsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "prompt_labels_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    Build("pricing", {{"engine/fair_price.cc", kSecret}});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Build(std::string_view label,
             std::vector<std::pair<std::string, std::string_view>> files) {
    auto builder = LabelBuilder::Open(folder_, label, Mode::kReplace);
    ASSERT_TRUE(builder.ok()) << builder.error().message();
    for (const auto& [path, text] : files) {
      ASSERT_TRUE(builder->AddFile(path, text).ok());
    }
    auto built = builder->Finish({"there"}, 1);
    ASSERT_TRUE(built.ok()) << built.error().message();
    clock_.Advance(PromptLabels::kLookMs * 1000);
  }
  LabelAnswer Search(const wire::Prompt& prompt, uint64_t asked = 1) {
    auto answer = labels_->Search({"pricing", "other"}, asked, prompt);
    EXPECT_TRUE(answer.ok()) << answer.error().message();
    return answer.ok() ? *answer : LabelAnswer();
  }
  bool Contains(std::string text) {
    return Search({.texts = {std::move(text)}}).labels == 1;
  }

  std::string folder_;
  FixedClock clock_{0};
  SeededRandom random_{1};
  std::optional<PromptLabels> owned_;
  PromptLabels* labels_ = nullptr;

  PromptLabelsTest() = default;
  void Open() {
    owned_.emplace(folder_, clock_, random_);
    labels_ = &*owned_;
  }
};

TEST_F(PromptLabelsTest, FindsAPastedFunctionAndSaysWhereItComesFrom) {
  Open();
  LabelAnswer answer = Search(
      {.texts = {"Why is this slow?\n\n" + FairPriceAlone() + "\n\nThanks!"}});
  EXPECT_EQ(answer.labels, 1U);
  ASSERT_EQ(answer.evidence.size(), 1U);
  const LabelEvidence& evidence = answer.evidence[0];
  EXPECT_EQ(evidence.label, "pricing");
  EXPECT_EQ(evidence.path, "engine/fair_price.cc");
  EXPECT_EQ(evidence.line, 17U);
  EXPECT_GE(evidence.tokens, 120U);
  EXPECT_GE(evidence.bits, PromptLabels::kPastedBits);
}

TEST_F(PromptLabelsTest, FindsItUnderOtherNames) {
  Open();
  const std::string renamed = Renamed(FairPriceAlone());
  EXPECT_EQ(renamed.find("quote"), std::string::npos);
  EXPECT_TRUE(Contains(renamed));
}

TEST_F(PromptLabelsTest, FindsItWithoutCommentsAndInAnotherLayout) {
  Open();
  std::string flat = Replaced(FairPriceAlone(), "\n", " ");
  EXPECT_TRUE(Contains(Replaced(flat, "  ", " ")));
}

TEST_F(PromptLabelsTest, FindsItInAFenceWithinProse) {
  Open();
  EXPECT_TRUE(Contains("Don't look at the tests, it's this one:\n```cpp\n" +
                       FairPriceAlone() + "\n```\nIt doesn't converge."));
}

TEST_F(PromptLabelsTest, FindsItInWhatTheAssistantWroteBefore) {
  Open();
  wire::Prompt prompt;
  prompt.texts = {"go on"};
  prompt.turns.push_back({.number = 0, .parts = {}, .texts_before = 1});
  wire::Part part;
  part.text = FairPriceAlone();
  prompt.turns[0].parts.push_back(part);
  EXPECT_EQ(Search(prompt).labels, 1U);
}

TEST_F(PromptLabelsTest, FindsItInTheBodyOfEveryProtocolsRequest) {
  Open();
  std::string code;
  AppendJsonString(FairPriceAlone(), &code);
  struct Row {
    wire::Protocol protocol;
    std::string begin;
    std::string end;
  };
  for (const Row& row :
       {Row{wire::Protocol::kAnthropicMessages,
            R"({"model":"m","messages":[{"role":"user","content":)", "}]}"},
        Row{wire::Protocol::kOpenAiChat,
            R"({"model":"m","messages":[{"role":"user","content":)", "}]}"},
        Row{wire::Protocol::kOpenAiResponses, R"({"model":"m","input":)", "}"},
        Row{wire::Protocol::kGemini, R"({"contents":[{"parts":[{"text":)",
            "}]}]}"}}) {
    auto answer = labels_->Search({"pricing"}, 1, row.protocol,
                                  row.begin + code + row.end);
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(answer->labels, 1U) << wire::ProtocolName(row.protocol);
  }
  EXPECT_FALSE(
      labels_->Search({"pricing"}, 1, wire::Protocol::kGemini, "no").ok());
}

TEST_F(PromptLabelsTest, WhatEverybodyWritesDoesNotFire) {
  Build("pricing", {{"tool.py", kCommon}, {"fair_price.cc", kSecret}});
  Open();
  // The same head and imports over another program.
  const std::string head = Between(kCommon, "#!/usr", "getLogger(__name__)");
  EXPECT_FALSE(Contains(head + "\n\ndef other(a):\n    return a.b(a) + 1\n"));
  // A main like a thousand others.
  EXPECT_FALSE(Contains(R"(
def main() -> int:
    p = argparse.ArgumentParser(description="convert")
    p.add_argument("input")
    p.add_argument("--debug", action="store_true")
    a = p.parse_args()
    logging.basicConfig(level=logging.DEBUG)
    with open(a.input) as fh:
        rows = json.load(fh)
    for name, row in rows.items():
        print(name, row)

if __name__ == "__main__":
    sys.exit(main())
)"));
  // A loop that sums, and a sort.
  EXPECT_FALSE(Contains(R"(
  std::vector<double> out;
  out.reserve(n * 2);
  for (size_t i = 0; i < n; ++i) {
    out.push_back(a - b);
    out.push_back(a + b);
  }
  std::sort(out.begin(), out.end());
  return out;
)"));
  // The head of a licence alone, and prose.
  EXPECT_FALSE(Contains(Between(kCommon, "# Copyright", "the License.")));
  EXPECT_FALSE(
      Contains("Please write a function that computes a fair price "
               "from quotes, decays the weight of old ones and leans "
               "against inventory."));
}

TEST_F(PromptLabelsTest, PiecesOfTwoTextsAreNotAddedUp) {
  Open();
  const std::string whole = FairPriceAlone();
  const size_t half = whole.find("const double middle");
  ASSERT_TRUE(Contains(whole));
  const std::string first = whole.substr(half - 160, 160);
  const std::string second = whole.substr(half, 160);
  ASSERT_FALSE(Contains(first));
  ASSERT_FALSE(Contains(second));
  EXPECT_EQ(Search({.texts = {first, second}}).labels, 0U);
}

TEST_F(PromptLabelsTest, SecretsInProseAreFoundByTheirWords) {
  Build("pricing", {{"plan.md", R"(# Plan
We will buy the northern depot before the spring and close both of the older
sites, because the lease of the harbour ends in May and nobody else has asked
for it yet. Suppliers hear of it after the board has agreed; until then the
working name is Heron, and the price stays below nine million.
)"}});
  Open();
  EXPECT_TRUE(Contains(
      "Translate: we will buy the northern depot before the spring and close "
      "both of the older sites, because the lease of the harbour ends in May "
      "and nobody else has asked for it yet. Suppliers hear of it after the "
      "board has agreed; until then the working name is Heron, and the price "
      "stays below nine million."));
  EXPECT_FALSE(Contains("We will buy the northern depot before the spring."));
}

TEST_F(PromptLabelsTest, LabelsThatWereNeverBuiltAreTold) {
  Open();
  LabelAnswer answer = Search({.texts = {FairPriceAlone()}}, 3);
  EXPECT_EQ(answer.labels, 1U);
  EXPECT_EQ(answer.unknown, 2U);
}

TEST_F(PromptLabelsTest, OnlyTheAskedLabelsAreSearched) {
  Build("other", {{"fair_price.cc", kSecret}});
  Open();
  EXPECT_EQ(Search({.texts = {FairPriceAlone()}}, 0).labels, 0U);
  EXPECT_EQ(Search({.texts = {FairPriceAlone()}}, 2).labels, 2U);
  EXPECT_EQ(Search({.texts = {FairPriceAlone()}}, 3).labels, 3U);
}

TEST_F(PromptLabelsTest, TakesUpANewEditionAndForgetsWhatItFoundInTheOld) {
  Open();
  const std::string code = FairPriceAlone();
  EXPECT_TRUE(Contains(code));
  EXPECT_TRUE(Contains(code));
  Build("pricing", {{"tool.py", kCommon}});
  EXPECT_FALSE(Contains(code));
  Build("other", {{"fair_price.cc", kSecret}});
  EXPECT_EQ(Search({.texts = {code}}, 3).labels, 2U);
}

TEST_F(PromptLabelsTest, ALabelThatCannotBeReadIsAnErrorNotANo) {
  ASSERT_TRUE(
      WriteFileAtomically(folder_ + "/pricing/label.json", "{", 0600).ok());
  Open();
  auto answer =
      labels_->Search({"pricing"}, 1, wire::Prompt{.texts = {"anything"}});
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.error().message(), HasSubstr("pricing"));
}

TEST_F(PromptLabelsTest, ManyThreadsGetTheSameAnswers) {
  Open();
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string mark = "// " + std::to_string(t * 7 + i % 9) + "\n";
        const bool has = i % 2 == 0;
        auto answer = labels_->Search(
            {"pricing"}, 1,
            wire::Prompt{.texts = {mark + (has ? FairPriceAlone()
                                               : std::string(kCommon))}});
        if (!answer.ok() || (answer->labels == 1) != has) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace cofferdam::evidence
