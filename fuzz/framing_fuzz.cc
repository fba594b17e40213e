// The framing guard against a second, plainer reader: what the guard accepts
// must have one meaning, and the guard must have found it.

#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "http/framing.h"
#include "target.h"

namespace cofferdam::http {
namespace {

// Small, so that they are reached.
constexpr HeadLimits kLimits{.head_bytes_max = 1024,
                             .header_count_max = 12,
                             .start_line_bytes_max = 256};

struct PlainField {
  std::string name;  // lower case, '_' read as '-'
  std::string_view raw_name;
  std::string_view value;
};

// The head's lines, at every CRLF; no other CR or LF may be left.
std::vector<std::string_view> Lines(std::string_view head) {
  std::vector<std::string_view> lines;
  while (!head.empty()) {
    const size_t end = head.find("\r\n");
    CHECK(end != std::string_view::npos);
    const std::string_view line = head.substr(0, end);
    CHECK(line.find_first_of(std::string_view("\r\n\0", 3)) ==
          std::string_view::npos);
    lines.push_back(line);
    head.remove_prefix(end + 2);
  }
  CHECK(lines.size() >= 2 && lines.back().empty());
  lines.pop_back();
  return lines;
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::vector<PlainField> Fields(const std::vector<std::string_view>& lines) {
  std::vector<PlainField> fields;
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    CHECK(colon != std::string_view::npos && colon > 0);
    PlainField field;
    field.raw_name = lines[i].substr(0, colon);
    CHECK(field.raw_name.find_first_of(" \t") == std::string_view::npos);
    field.name = Lower(field.raw_name);
    for (char& c : field.name) {
      if (c == '_') c = '-';
    }
    field.value = Trimmed(lines[i].substr(colon + 1));
    fields.push_back(field);
  }
  return fields;
}

// The one value of a field; none where there is no such field.
std::optional<std::string> Only(const std::vector<PlainField>& fields,
                                std::string_view name) {
  std::optional<std::string> value;
  for (const PlainField& field : fields) {
    if (field.name != name) continue;
    CHECK(!value.has_value());
    value = Lower(field.value);
  }
  return value;
}

void CheckSameFields(const std::vector<PlainField>& fields,
                     const Headers& headers) {
  CHECK(fields.size() == headers.size());
  CHECK(fields.size() <= kLimits.header_count_max);
  size_t i = 0;
  for (const Headers::Field field : headers) {
    CHECK(field.name == fields[i].raw_name && field.value == fields[i].value);
    ++i;
  }
}

// The length as digits say it, chunked as exactly that word says it.
struct PlainBody {
  bool chunked = false;
  std::optional<uint64_t> length;
};

PlainBody Body(const std::vector<PlainField>& fields, Version version) {
  PlainBody body;
  if (const auto encoding = Only(fields, "transfer-encoding")) {
    CHECK(*encoding == "chunked" && version == Version::kHttp11);
    body.chunked = true;
  }
  if (const auto length = Only(fields, "content-length")) {
    CHECK(!body.chunked);
    CHECK(!length->empty() && length->size() <= 18 &&
          length->find_first_not_of("0123456789") == std::string::npos);
    body.length = std::stoull(*length);
  }
  return body;
}

void CheckRequest(std::string_view bytes) {
  RequestHead head;
  RequestFraming framing;
  if (ParseRequestHead(bytes, kLimits, &head, &framing)) return;
  const auto lines = Lines(bytes);
  const std::string version(head.version == Version::kHttp11 ? "HTTP/1.1"
                                                             : "HTTP/1.0");
  CHECK(lines[0] == head.method + " " + head.target + " " + version);
  CHECK(head.target == "*" || head.target.front() == '/');
  CHECK(head.target.find(' ') == std::string::npos);
  const auto fields = Fields(lines);
  CheckSameFields(fields, head.headers);
  CHECK(Only(fields, "host").has_value() || head.version == Version::kHttp10);
  const PlainBody body = Body(fields, head.version);
  using Kind = RequestFraming::Body;
  CHECK((framing.body == Kind::kChunked) == body.chunked);
  CHECK((framing.body == Kind::kLength) == (body.length.value_or(0) > 0));
  CHECK(framing.length == body.length.value_or(0));
}

void CheckResponse(std::string_view bytes, RequestWas request) {
  ResponseHead head;
  ResponseFraming framing;
  if (ParseResponseHead(bytes, kLimits, request, &head, &framing)) return;
  const auto lines = Lines(bytes);
  CHECK(head.status >= 100 && head.status <= 999);
  CHECK(lines[0].substr(9, 3) == std::to_string(head.status));
  const Version version =
      lines[0].starts_with("HTTP/1.1") ? Version::kHttp11 : Version::kHttp10;
  const auto fields = Fields(lines);
  CheckSameFields(fields, head.headers);
  const PlainBody body = Body(fields, version);
  CHECK(framing.length == body.length);
  using Kind = ResponseFraming::Body;
  const bool none = request == RequestWas::kHead || head.status < 200 ||
                    head.status == 204 || head.status == 304 ||
                    body.length == 0u;
  CHECK((framing.body == Kind::kNone) == none);
  if (none) return;
  CHECK((framing.body == Kind::kChunked) == body.chunked);
  CHECK((framing.body == Kind::kLength) == body.length.has_value());
  CHECK(framing.body != Kind::kUntilClose || !framing.keep_alive);
}

// One byte more each time, as a slow client sends them.
HeadScanner::Outcome ScanDribbled(std::string_view bytes,
                                  HeadScanner* scanner) {
  auto outcome = HeadScanner::Outcome::kMore;
  for (size_t size = 0;
       size <= bytes.size() && outcome == HeadScanner::Outcome::kMore; ++size) {
    outcome = scanner->Scan(bytes.substr(0, size));
  }
  return outcome;
}

void CheckHead(std::string_view bytes) {
  HeadScanner whole(kLimits);
  HeadScanner dribbled(kLimits);
  const auto outcome = whole.Scan(bytes);
  CHECK(ScanDribbled(bytes, &dribbled) == outcome);
  if (outcome != HeadScanner::Outcome::kDone) return;
  CHECK(whole.head_begin() == dribbled.head_begin());
  CHECK(whole.head_end() == dribbled.head_end());
  CHECK(whole.head_end() <= bytes.size());
  const std::string_view head =
      bytes.substr(whole.head_begin(), whole.head_end() - whole.head_begin());
  CHECK(head.size() <= kLimits.head_bytes_max && head.ends_with("\r\n\r\n"));
  CheckRequest(head);
  CheckResponse(head, RequestWas::kOther);
  CheckResponse(head, RequestWas::kHead);
}

}  // namespace
}  // namespace cofferdam::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::http::CheckHead(cofferdam::FuzzText(data, size));
  return 0;
}
