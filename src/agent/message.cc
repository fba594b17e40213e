#include "agent/message.h"

namespace cofferdam::agent {

std::string SentText(const Message& message) {
  if (message.note.empty()) return message.text;
  if (message.text.empty()) return message.note;
  return message.note + "\n\n" + message.text;
}

}  // namespace cofferdam::agent
