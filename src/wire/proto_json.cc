#include "wire/proto_json.h"

#include <cstddef>

namespace cofferdam::wire {
namespace {

constexpr size_t kNameBytesMax = 40;

}  // namespace

JsonValue EitherOf(const JsonValue& object, std::string_view name) {
  if (!object.is_object()) return {};
  const JsonValue found = object[name];
  if (found.present()) return found;
  // No string: this stands on the path of every event.
  char snake[2 * kNameBytesMax];
  size_t size = 0;
  for (char c : name.substr(0, kNameBytesMax)) {
    const bool is_capital = c >= 'A' && c <= 'Z';
    if (is_capital) snake[size++] = '_';
    snake[size++] = is_capital ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return size == name.size() ? found : object[std::string_view(snake, size)];
}

}  // namespace cofferdam::wire
