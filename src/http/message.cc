#include "http/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "http/syntax_internal.h"

namespace cofferdam::http {
namespace {

constexpr std::pair<int, std::string_view> kReasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {529, "Overloaded"},
};

constexpr std::string_view kHopByHop[] = {
    "connection", "keep-alive", "proxy-connection", "transfer-encoding",
    "te",         "trailer",    "upgrade",
};

constexpr char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

Status AppendFields(const Headers& headers, std::string* out) {
  for (const Headers::Field field : headers) {
    if (IsHopByHop(field.name) ||
        EqualsIgnoringCase(field.name, "content-length")) {
      continue;
    }
    if (!IsToken(field.name) || !IsFieldValue(field.value)) {
      return Error(Code::kInvalid,
                   "a header cannot be written: a byte in its "
                   "name or value is not allowed there");
    }
    out->append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return {};
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

void Headers::Add(std::string_view name, std::string_view value) {
  places_.push_back({static_cast<uint32_t>(buffer_.size()),
                     static_cast<uint32_t>(name.size()),
                     static_cast<uint32_t>(value.size())});
  buffer_.append(name).append(value);
}

void Headers::Set(std::string_view name, std::string_view value) {
  Remove(name);
  Add(name, value);
}

size_t Headers::Remove(std::string_view name) {
  return std::erase_if(places_, [&](const Place& place) {
    return EqualsIgnoringCase(
        std::string_view(buffer_).substr(place.begin, place.name_size), name);
  });
}

std::optional<std::string_view> Headers::Get(std::string_view name) const {
  for (const Field field : *this) {
    if (EqualsIgnoringCase(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::string_view Headers::GetOrEmpty(std::string_view name) const {
  return Get(name).value_or(std::string_view());
}

size_t Headers::Count(std::string_view name) const {
  size_t count = 0;
  for (const Field field : *this) {
    if (EqualsIgnoringCase(field.name, name)) ++count;
  }
  return count;
}

Headers::Field Headers::operator[](size_t index) const {
  const Place& place = places_[index];
  const std::string_view all = buffer_;
  return {all.substr(place.begin, place.name_size),
          all.substr(place.begin + place.name_size, place.value_size)};
}

std::string_view RequestHead::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view RequestHead::query() const {
  const size_t at = target.find('?');
  if (at == std::string::npos) return {};
  return std::string_view(target).substr(at + 1);
}

std::string_view ReasonOf(int status) {
  for (const auto& [known, reason] : kReasons) {
    if (known == status) return reason;
  }
  return "Unknown";
}

bool IsHopByHop(std::string_view name) {
  return std::any_of(
      std::begin(kHopByHop), std::end(kHopByHop),
      [&](std::string_view known) { return EqualsIgnoringCase(name, known); });
}

void RemoveHopByHop(Headers* headers) {
  std::string named;
  for (const Headers::Field field : *headers) {
    if (EqualsIgnoringCase(field.name, "connection")) {
      named.append(field.value).append(",");
    }
  }
  for (std::string_view rest = named; !rest.empty();) {
    const size_t comma = rest.find(',');
    const std::string_view name = TrimBlanks(rest.substr(0, comma));
    if (!name.empty()) headers->Remove(name);
    rest.remove_prefix(comma + 1);
  }
  for (const std::string_view name : kHopByHop) headers->Remove(name);
}

Status AppendResponseHead(const ResponseHead& head, std::string* out) {
  if (head.status < 100 || head.status > 999) {
    return Error(Code::kInvalid, "a response's status must have three digits");
  }
  const std::string_view reason =
      head.reason.empty() ? ReasonOf(head.status) : head.reason;
  if (!IsFieldValue(reason)) {
    return Error(Code::kInvalid, "a response's reason cannot be written");
  }
  fmt::format_to(std::back_inserter(*out), "HTTP/1.1 {} {}\r\n", head.status,
                 reason);
  return AppendFields(head.headers, out);
}

Status AppendRequestHead(const RequestHead& head, std::string* out,
                         std::string_view target_prefix) {
  if (!IsToken(head.method) || !IsTarget(head.target)) {
    return Error(Code::kInvalid,
                 "a request's method or target cannot be "
                 "written");
  }
  out->append(head.method).append(" ").append(target_prefix);
  out->append(head.target);
  out->append(" HTTP/1.1\r\n");
  return AppendFields(head.headers, out);
}

}  // namespace cofferdam::http
