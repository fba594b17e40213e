#include "scan/html_page.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "scan/text_columns.h"
#include "seal/hash.h"

namespace cofferdam::scan {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --ink: #1b1f26; --soft: #5b6472;
  --line: #dde1e7; --code: #f3f5f8; --accent: #2457c5;
  --forbidden: #c62f2f; --ambiguous: #b07500; --allowed: #2b8449;
  --renamed: #e8eefc; --changed: #fdf0d8; --only: #fbe3e3; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14171c; --card: #1c2027; --ink: #e4e8ee; --soft: #98a2b1;
  --line: #323843; --code: #171b21; --accent: #8fb0ff;
  --forbidden: #ff7b72; --ambiguous: #e3ac3f; --allowed: #63c685;
  --renamed: #22304f; --changed: #40341c; --only: #45252a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 24px 20px 60px;
  display: flex; flex-direction: column; gap: 14px; }
header, #summary { order: -2; }
#filter { order: -1; }
h1 { font-size: 22px; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 15px; margin: 0; font-weight: 600; overflow-wrap: anywhere; }
h3 { font-size: 13px; margin: 18px 0 6px; color: var(--soft);
  text-transform: uppercase; letter-spacing: .04em; }
p { margin: 6px 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
code, pre, .pair { font-family: ui-monospace, "DejaVu Sans Mono", monospace;
  font-size: 12.5px; }
#summary, article, #filter { background: var(--card);
  border: 1px solid var(--line); border-radius: 8px; padding: 14px 18px; }
article { content-visibility: auto; contain-intrinsic-size: auto 320px;
  border-left-width: 4px; }
article.forbidden { border-left-color: var(--forbidden); }
article.ambiguous { border-left-color: var(--ambiguous); }
article.allowed { border-left-color: var(--allowed); }
.sums { display: flex; flex-wrap: wrap; gap: 10px 34px; }
.sums div { min-width: 110px; }
.sums b { display: block; font-size: 26px; line-height: 1.2; }
.badge { font-size: 12px; font-weight: 600; border: 1px solid;
  border-radius: 4px; padding: 1px 7px; margin-right: 8px; }
.forbidden .badge, .sums .forbidden b { color: var(--forbidden); }
.ambiguous .badge, .sums .ambiguous b { color: var(--ambiguous); }
.allowed .badge, .sums .allowed b { color: var(--allowed); }
svg { display: block; width: 100%; height: 14px; }
rect.forbidden { fill: var(--forbidden); }
rect.ambiguous { fill: var(--ambiguous); }
rect.allowed { fill: var(--allowed); }
table { border-collapse: collapse; width: 100%; }
.wide { overflow-x: auto; }
th { text-align: left; font-weight: 600; font-size: 12px; color: var(--soft); }
.list th, .list td { padding: 3px 14px 3px 0; vertical-align: top;
  border-top: 1px solid var(--line); }
.list tr:first-child th { border-top: 0; }
.list td.n, .list th.n { text-align: right; white-space: nowrap; }
.list td.bar { width: 40%; min-width: 120px; vertical-align: middle; }
details { margin-top: 10px; }
summary { cursor: pointer; color: var(--accent); font-size: 13px; }
.pair { table-layout: fixed; margin-top: 8px; border: 1px solid var(--line);
  background: var(--code); line-height: 1.45; }
.pair td, .pair th { padding: 0 8px; vertical-align: top; white-space: pre-wrap;
  overflow-wrap: anywhere; tab-size: 4; }
.pair th { padding: 4px 8px; border-bottom: 1px solid var(--line);
  font-family: system-ui, sans-serif; }
.pair td.no { text-align: right; color: var(--soft); user-select: none; }
.pair col.no { width: 52px; }
.pair tr > :nth-child(3) { border-left: 1px solid var(--line); }
tr.renamed td { background: var(--renamed); }
tr.changed td { background: var(--changed); }
tr.only td { background: var(--only); }
tr td.none { background: transparent; }
.key span { display: inline-block; padding: 0 8px; border-radius: 3px;
  margin-right: 8px; font-size: 12px; color: var(--ink); }
.key .renamed { background: var(--renamed); }
.key .changed { background: var(--changed); }
.key .only { background: var(--only); }
#filter { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center;
  position: sticky; top: 0; z-index: 1; }
#filter[hidden], article[hidden] { display: none; }
#filter label { display: inline-flex; gap: 6px; align-items: center; }
#filter select, #filter input[type=search] { font: inherit; color: inherit;
  background: var(--code); border: 1px solid var(--line); border-radius: 5px;
  padding: 3px 8px; max-width: 320px; }
#filter output { margin-left: auto; color: var(--soft); }
@media print { #filter { display: none; } article { content-visibility: visible;
  break-inside: avoid; } }
)css";

constexpr std::string_view kScript = R"js(
(() => {
  const cards = [...document.querySelectorAll("article")];
  const bar = document.getElementById("filter");
  if (cards.length === 0) return;
  const boxes = [...bar.querySelectorAll("input[type=checkbox]")];
  const origin = bar.querySelector("select");
  const path = bar.querySelector("input[type=search]");
  const shown = bar.querySelector("output");
  const of = new Map(cards.map(card => [card, {
    verdict: card.dataset.verdict,
    origins: JSON.parse(card.dataset.origins),
    place: card.querySelector("h2").textContent.toLowerCase() }]));
  const counts = new Map();
  for (const { origins } of of.values())
    for (const name of origins) counts.set(name, (counts.get(name) || 0) + 1);
  for (const [name, count] of [...counts].sort((a, b) => b[1] - a[1]))
    origin.add(new Option(`${name} (${count})`, name));
  for (const box of boxes) {
    const count = cards.filter(c => c.dataset.verdict === box.value).length;
    box.nextElementSibling.textContent = `${box.value} (${count})`;
    if (count === 0) box.disabled = true;
  }
  const apply = () => {
    const verdicts = new Set(boxes.filter(b => b.checked).map(b => b.value));
    const words = path.value.toLowerCase();
    let count = 0;
    for (const card of cards) {
      const { verdict, origins, place } = of.get(card);
      const fits = verdicts.has(verdict) && place.includes(words) &&
          (origin.value === "" || origins.includes(origin.value));
      card.hidden = !fits;
      if (fits) ++count;
    }
    shown.textContent = `${count} of ${cards.length} shown`;
  };
  bar.addEventListener("input", apply);
  bar.hidden = false;
  apply();
})();
)js";

std::string SourceHash(std::string_view text) {
  return "'sha256-" + ToBase64(seal::Sha256(text), Base64::kStandard) + "'";
}

// How many bytes the UTF-8 character at `at` takes; 0 where there is none.
size_t CharacterBytes(std::string_view text, size_t at) {
  auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  auto more = [&](size_t count) {
    for (size_t i = 1; i <= count; ++i) {
      if ((byte(at + i) & 0xc0) != 0x80) return false;
    }
    return true;
  };
  unsigned first = byte(at);
  unsigned second = byte(at + 1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf && more(1)) return 2;
  if (first >= 0xe0 && first <= 0xef && more(2)) {
    bool overlong = first == 0xe0 && second < 0xa0;
    bool surrogate = first == 0xed && second > 0x9f;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xf0 && first <= 0xf4 && more(3)) {
    bool overlong = first == 0xf0 && second < 0x90;
    bool beyond = first == 0xf4 && second > 0x8f;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

}  // namespace

std::string_view HtmlStyle() { return kStyle; }
std::string_view HtmlScript() { return kScript; }

std::string HtmlHead(std::string_view title) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"generator\" content=\"cofferdam scan\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; style-src {}; script-src {}; base-uri 'none'; form-action "
      "'none'\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n"
      "<main>\n",
      SourceHash(kStyle), SourceHash(kScript), HtmlText(title), kStyle);
}

std::string HtmlText(std::string_view text) {
  std::string safe;
  safe.reserve(text.size() + text.size() / 8);
  for (size_t i = 0; i < text.size();) {
    size_t bytes = CharacterBytes(text, i);
    std::string_view character = text.substr(i, bytes);
    i += bytes == 0 ? 1 : bytes;
    auto first = character.empty() ? '\0' : character[0];
    bool c1 = bytes == 2 && first == '\xc2' &&
              static_cast<unsigned char>(character[1]) < 0xa0;
    if (bytes == 0 || c1 || IsHidden(character)) {
      safe += "\ufffd";
    } else if (first == '&') {
      safe += "&amp;";
    } else if (first == '<') {
      safe += "&lt;";
    } else if (first == '>') {
      safe += "&gt;";
    } else if (first == '"') {
      safe += "&quot;";
    } else if (first == '\'') {
      safe += "&#39;";
    } else if (bytes == 1 && (first == 0x7f ||
                              (first >= 0 && first < ' ' && first != '\t'))) {
      safe += "\ufffd";
    } else {
      safe += character;
    }
  }
  return safe;
}

}  // namespace cofferdam::scan
