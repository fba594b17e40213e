#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cofferdam::http {

// Header fields in the order and spelling they came in, names compared without
// case. Kept in one buffer: views it hands out are valid until it is changed.
class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  class Iterator {
   public:
    Iterator(const Headers* headers, size_t at) : headers_(headers), at_(at) {}
    Field operator*() const { return (*headers_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Headers* headers_;
    size_t at_;
  };

  Headers() = default;
  // {{"content-type", "text/plain"}, …}
  Headers(std::initializer_list<Field> fields) {
    for (const Field& field : fields) Add(field.name, field.value);
  }

  // Appends a field. Neither may point into these headers.
  void Add(std::string_view name, std::string_view value);
  // Removes every field of that name, then appends one.
  void Set(std::string_view name, std::string_view value);
  // How many were removed.
  size_t Remove(std::string_view name);

  // The first of that name.
  std::optional<std::string_view> Get(std::string_view name) const;
  // The first of that name, or empty.
  std::string_view GetOrEmpty(std::string_view name) const;
  bool Has(std::string_view name) const { return Get(name).has_value(); }
  size_t Count(std::string_view name) const;

  size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }
  Field operator[](size_t index) const;
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

 private:
  struct Place {
    uint32_t begin;
    uint32_t name_size;
    uint32_t value_size;
  };
  std::string buffer_;  // names and values, one after the other
  std::vector<Place> places_;
};

// ASCII letters compared without case; no locale.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

enum class Version { kHttp10, kHttp11 };

struct RequestHead {
  std::string method;  // as received: "POST"
  std::string target;  // as received: "/v1/messages?beta=true"
  Version version = Version::kHttp11;
  Headers headers;

  // The target before, and after, its first '?'. Not decoded.
  std::string_view path() const;
  std::string_view query() const;
};

struct ResponseHead {
  int status = 200;
  std::string reason;  // empty: the usual words for the status are sent
  Headers headers;
};

// The usual words for a status ("Not Found"), "Unknown" for others.
std::string_view ReasonOf(int status);

// Whether a field concerns one connection, not the message (RFC 9110, 7.6.1):
// Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, TE, Trailer,
// Upgrade. Server and client drop these and Content-Length from the heads they
// are given, and write their own.
bool IsHopByHop(std::string_view name);
// Removes those, and the fields that Connection names: what a proxy must do
// before it passes a message on.
void RemoveHopByHop(Headers* headers);

// "HTTP/1.1 200 OK\r\n…" and "POST /x HTTP/1.1\r\n…" with the fields that are
// not about framing, without the final empty line, appended to `out`. kInvalid
// when a name, a value or the target cannot stand in a head (CR, LF, NUL…).
// `target_prefix` stands before the target: "http://host" towards a proxy.
Status AppendResponseHead(const ResponseHead& head, std::string* out);
Status AppendRequestHead(const RequestHead& head, std::string* out,
                         std::string_view target_prefix = {});

}  // namespace cofferdam::http
