#include "wire/proto_json.h"

#include <string>

namespace cofferdam::wire {

JsonValue EitherOf(const JsonValue& object, std::string_view name) {
  if (!object.is_object()) return {};
  const JsonValue found = object[name];
  if (found.present()) return found;
  std::string snake;
  for (char c : name) {
    const bool is_capital = c >= 'A' && c <= 'Z';
    if (is_capital) snake.push_back('_');
    snake.push_back(is_capital ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return snake == name ? found : object[snake];
}

}  // namespace cofferdam::wire
