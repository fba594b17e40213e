#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "gate/gate.h"
#include "gate/routes.h"
#include "policy/principal.h"

// What would be decided of a request, for commands that start agents; nothing
// is sent. JSON both ways.
namespace cofferdam::gate {

// {"tool","model","purpose","repo","ask"}, each but `ask` a text that stands in
// where the key binds none
//   -> {"effect","by","name","why","next","model","upstream",
//       "approval":{"id","state"},
//       "forbidden_paths":[{"paths","purpose","why","ask"}],
//       "commit_trailer"}
// The first upstream that serves the model decides under which contract; where
// no model is named, the first of the tool's protocol. What the prompt will
// hold is not known: rules that ask for it count as not met. With `ask` true an
// approval that is needed is asked for. Touches the disk then.
// `forbidden_paths` are those of the repository that the answers must not enter
// ([[protect]] of the law), `commit_trailer` what commits are to carry, not
// filled in; each is left out where there is none.
Result<std::string> DecideFor(const GateRooms& rooms, const Routes& routes,
                              const policy::Principal& principal,
                              std::string_view body);

// {"id","state","reason","rule","opened_at"} of an approval that the caller
// asked for: kNotFound for anybody else's. Touches the disk.
Result<std::string> ShowApproval(const GateRooms& rooms,
                                 const policy::Principal& principal,
                                 std::string_view id);

}  // namespace cofferdam::gate
