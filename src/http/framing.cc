#include "http/framing.h"

#include <cstring>

#include "http/syntax_internal.h"

namespace cofferdam::http {
namespace {

constexpr size_t kMethodBytesMax = 32;

// Takes the next line off `bytes`, without its CRLF. HeadScanner has seen that
// every LF follows a CR.
std::string_view TakeLine(std::string_view* bytes) {
  const size_t end = bytes->find("\r\n");
  const std::string_view line = bytes->substr(0, end);
  bytes->remove_prefix(end == std::string_view::npos ? bytes->size() : end + 2);
  return line;
}

// Digits only, and small enough to count with.
std::optional<uint64_t> ParseLength(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

// "keep-alive, X-Thing" holds "keep-alive".
bool ListHolds(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (EqualsIgnoringCase(TrimBlanks(list.substr(0, comma)), word)) {
      return true;
    }
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

bool IsHostByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') ||
         std::string_view("-._~%!$&'()*+,;=:[]").find(c) !=
             std::string_view::npos;
}

// "a, b", where elements may be empty, as the field Connection needs it.
bool IsTokenList(std::string_view list) {
  while (true) {
    const size_t comma = list.find(',');
    const std::string_view word = TrimBlanks(list.substr(0, comma));
    if (!word.empty() && !IsToken(word)) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

// What the fields say about framing; gathered while they are read.
struct FramingFields {
  int hosts = 0;
  std::string_view host;
  int lengths = 0;
  std::string_view length;
  int encodings = 0;
  std::string_view encoding;
  int expectations = 0;
  std::string_view expectation;
  bool close = false;
  bool keep_alive = false;
};

// "Content_Length" reads as Content-Length behind gateways of the CGI kind.
bool LooksLike(std::string_view name, std::string_view plain) {
  if (name.size() != plain.size()) return false;
  std::string folded(name);
  for (char& c : folded) {
    if (c == '_') c = '-';
  }
  return EqualsIgnoringCase(folded, plain);
}

std::optional<Refusal> NoteField(std::string_view name, std::string_view value,
                                 FramingFields* fields) {
  if (EqualsIgnoringCase(name, "host")) {
    ++fields->hosts;
    fields->host = value;
  } else if (EqualsIgnoringCase(name, "content-length")) {
    ++fields->lengths;
    fields->length = value;
  } else if (EqualsIgnoringCase(name, "transfer-encoding")) {
    ++fields->encodings;
    fields->encoding = value;
  } else if (EqualsIgnoringCase(name, "expect")) {
    ++fields->expectations;
    fields->expectation = value;
  } else if (EqualsIgnoringCase(name, "connection")) {
    if (!IsTokenList(value)) return Refusal{400, "Connection is not a list"};
    fields->close |= ListHolds(value, "close");
    fields->keep_alive |= ListHolds(value, "keep-alive");
  } else if (LooksLike(name, "content-length") ||
             LooksLike(name, "transfer-encoding")) {
    return Refusal{400, "a header's name imitates one about framing"};
  }
  return std::nullopt;
}

std::optional<Refusal> ParseFields(std::string_view bytes, size_t count_max,
                                   Headers* headers, FramingFields* fields) {
  while (true) {
    const std::string_view line = TakeLine(&bytes);
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t') {
      return Refusal{400, "a header is folded over two lines"};
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return Refusal{400, "a header has no colon"};
    }
    const std::string_view name = line.substr(0, colon);
    if (!IsToken(name)) {
      return Refusal{400, "a header's name holds a byte that it must not"};
    }
    const std::string_view value = TrimBlanks(line.substr(colon + 1));
    if (!IsFieldValue(value)) {
      return Refusal{400, "a header's value holds a control byte"};
    }
    if (headers->size() == count_max) {
      return Refusal{431, "too many headers"};
    }
    if (auto refusal = NoteField(name, value, fields)) return refusal;
    headers->Add(name, value);
  }
  if (!bytes.empty()) return Refusal{400, "bytes after the head"};
  return std::nullopt;
}

// The rules that requests and responses share (RFC 9112, 6.1 to 6.3).
std::optional<Refusal> CheckLengths(const FramingFields& fields,
                                    Version version, bool* chunked,
                                    std::optional<uint64_t>* length) {
  if (fields.lengths > 1) {
    return Refusal{400, "Content-Length comes more than once"};
  }
  if (fields.encodings > 1) {
    return Refusal{400, "Transfer-Encoding comes more than once"};
  }
  if (fields.encodings == 1) {
    if (fields.lengths == 1) {
      return Refusal{400, "both Transfer-Encoding and Content-Length"};
    }
    if (version == Version::kHttp10) {
      return Refusal{400, "Transfer-Encoding in HTTP/1.0"};
    }
    if (!EqualsIgnoringCase(fields.encoding, "chunked")) {
      return Refusal{400, "Transfer-Encoding is not exactly chunked"};
    }
    *chunked = true;
  }
  if (fields.lengths == 1) {
    *length = ParseLength(fields.length);
    if (!length->has_value()) {
      return Refusal{400, "Content-Length is not a number"};
    }
  }
  return std::nullopt;
}

std::optional<Refusal> ParseVersion(std::string_view text, Version* version) {
  if (text == "HTTP/1.1") {
    *version = Version::kHttp11;
  } else if (text == "HTTP/1.0") {
    *version = Version::kHttp10;
  } else if (text.starts_with("HTTP/")) {
    return Refusal{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  } else {
    return Refusal{400, "the first line is not one of HTTP"};
  }
  return std::nullopt;
}

std::optional<Refusal> ParseRequestLine(std::string_view line,
                                        RequestHead* head) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return Refusal{400, "the request line has not three parts"};
  }
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (auto refusal = ParseVersion(line.substr(last + 1), &head->version)) {
    return refusal;
  }
  if (!IsToken(method) || method.size() > kMethodBytesMax) {
    return Refusal{400, "the method is not a word"};
  }
  const bool asterisk = target == "*" && method == "OPTIONS";
  if (!IsTarget(target) || (target.front() != '/' && !asterisk)) {
    return Refusal{400, "the target is not a path"};
  }
  head->method = method;
  head->target = target;
  return std::nullopt;
}

std::optional<Refusal> CheckHost(const FramingFields& fields, Version version) {
  if (fields.hosts > 1) return Refusal{400, "Host comes more than once"};
  if (fields.hosts == 0) {
    if (version == Version::kHttp10) return std::nullopt;
    return Refusal{400, "Host is missing"};
  }
  for (char c : fields.host) {
    if (!IsHostByte(c)) return Refusal{400, "Host is not a host"};
  }
  return std::nullopt;
}

}  // namespace

HeadScanner::Outcome HeadScanner::Refuse(int status, std::string_view message) {
  refusal_ = Refusal{status, message};
  return Outcome::kRefused;
}

HeadScanner::Outcome HeadScanner::Scan(std::string_view bytes) {
  if (!bytes.empty() && bytes[0] != '\r' && !IsTokenByte(bytes[0])) {
    return Refuse(400, "this is not HTTP");
  }
  while (scanned_ < bytes.size()) {
    const void* found =
        std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_);
    if (found == nullptr) break;
    const auto at =
        static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
    scanned_ = at + 1;
    if (at + 1 - begin_ > limits_.head_bytes_max) {
      return Refuse(431, "the head is too large");
    }
    if (at == line_begin_ || bytes[at - 1] != '\r') {
      return Refuse(400, "a line ends without CR");
    }
    const size_t line_bytes = at - 1 - line_begin_;
    line_begin_ = at + 1;
    if (line_bytes == 0) {
      if (past_start_line_) return Outcome::kDone;
      if (begin_ != 0) return Refuse(400, "empty lines before the request");
      begin_ = line_begin_;
      continue;
    }
    if (!past_start_line_ && line_bytes > limits_.start_line_bytes_max) {
      return Refuse(414, "the request line is too long");
    }
    past_start_line_ = true;
  }
  scanned_ = bytes.size();
  // One byte more for the CR that may have come already.
  if (!past_start_line_ &&
      bytes.size() - line_begin_ > limits_.start_line_bytes_max + 1) {
    return Refuse(414, "the request line is too long");
  }
  if (bytes.size() - begin_ >= limits_.head_bytes_max) {
    return Refuse(431, "the head is too large");
  }
  return Outcome::kMore;
}

std::optional<Refusal> ParseRequestHead(std::string_view bytes,
                                        const HeadLimits& limits,
                                        RequestHead* head,
                                        RequestFraming* framing) {
  *head = RequestHead();
  *framing = RequestFraming();
  if (auto refusal = ParseRequestLine(TakeLine(&bytes), head)) return refusal;
  FramingFields fields;
  if (auto refusal = ParseFields(bytes, limits.header_count_max, &head->headers,
                                 &fields)) {
    return refusal;
  }
  if (auto refusal = CheckHost(fields, head->version)) return refusal;
  bool chunked = false;
  std::optional<uint64_t> length;
  if (auto refusal = CheckLengths(fields, head->version, &chunked, &length)) {
    return refusal;
  }
  if (chunked) {
    framing->body = RequestFraming::Body::kChunked;
  } else if (length && *length > 0) {
    framing->body = RequestFraming::Body::kLength;
    framing->length = *length;
  }
  if (fields.expectations > 0) {
    if (fields.expectations > 1 ||
        !EqualsIgnoringCase(fields.expectation, "100-continue")) {
      return Refusal{417, "only 100-continue can be expected"};
    }
    framing->expects_continue = head->version == Version::kHttp11 &&
                                framing->body != RequestFraming::Body::kNone;
  }
  framing->keep_alive =
      !fields.close && (head->version == Version::kHttp11 || fields.keep_alive);
  return std::nullopt;
}

std::optional<Refusal> ParseResponseHead(std::string_view bytes,
                                         const HeadLimits& limits,
                                         RequestWas request, ResponseHead* head,
                                         ResponseFraming* framing) {
  *head = ResponseHead();
  *framing = ResponseFraming();
  // "HTTP/1.1 200 OK"; the reason, and the blank before it, may be missing.
  const std::string_view line = TakeLine(&bytes);
  Version version = Version::kHttp11;
  if (auto refusal = ParseVersion(line.substr(0, 8), &version)) return refusal;
  const std::string_view digits = line.size() >= 12 ? line.substr(9, 3) : "";
  const auto status = ParseLength(digits);
  if (!status || *status < 100 || line[8] != ' ' ||
      (line.size() > 12 && line[12] != ' ') || !IsFieldValue(line)) {
    return Refusal{400, "the status line is not one of HTTP"};
  }
  head->status = static_cast<int>(*status);
  if (line.size() > 13) head->reason = line.substr(13);

  FramingFields fields;
  if (auto refusal = ParseFields(bytes, limits.header_count_max, &head->headers,
                                 &fields)) {
    return refusal;
  }
  bool chunked = false;
  std::optional<uint64_t> length;
  if (auto refusal = CheckLengths(fields, version, &chunked, &length)) {
    return refusal;
  }
  framing->keep_alive =
      !fields.close && (version == Version::kHttp11 || fields.keep_alive);
  framing->length = length;
  using Body = ResponseFraming::Body;
  if (request == RequestWas::kHead || head->status < 200 ||
      head->status == 204 || head->status == 304) {
    framing->body = Body::kNone;
  } else if (chunked) {
    framing->body = Body::kChunked;
  } else if (length) {
    framing->body = *length > 0 ? Body::kLength : Body::kNone;
  } else {
    framing->body = Body::kUntilClose;
    framing->keep_alive = false;
  }
  return std::nullopt;
}

}  // namespace cofferdam::http
