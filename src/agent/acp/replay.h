#pragma once

#include <vector>

#include "agent/acp/call_updates.h"
#include "agent/acp/voice.h"
#include "agent/message.h"
#include "agent/tool.h"

namespace cofferdam::agent {

// Tells the client a conversation that has been: what was said and thought,
// calls with what they came to, and the plan as it stands.
void ReplayConversation(const std::vector<Message>& history,
                        const std::vector<PlanEntry>& plan,
                        const CallShowing& showing, AcpVoice& voice);

}  // namespace cofferdam::agent
