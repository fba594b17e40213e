#pragma once

#include <memory>
#include <optional>

#include "gate/gate.h"
#include "gate/routes.h"
#include "http/server.h"
#include "http/task.h"
#include "wire/model_list.h"

namespace cofferdam::gate {

// Answers agents that ask which models there are, in the shape of each. Where
// one upstream alone serves a shape and the configuration does not name its
// models, the question goes on to it and its answer comes back as it is; else
// the list is made of the names in the configuration (globs name nothing).
// Needs a key. Costs no tokens and is not recorded; the access log has it.
class ModelLists {
 public:
  explicit ModelLists(const GateRooms& rooms) : rooms_(rooms) {}

  // The shape that a request asks for; none when it asks for no list.
  static std::optional<wire::ModelListShape> ShapeOf(
      const http::RequestHead& request);

  [[gnu::noinline]] http::Task<void> Handle(
      http::ServerExchange& client, wire::ModelListShape shape,
      std::shared_ptr<const Routes> routes) const;

 private:
  struct Reply {
    http::ResponseHead head;
    std::string body;
    std::string upstream;  // that was asked, if one was
  };
  http::Task<Result<Reply>> Answer(http::ServerExchange& client,
                                   wire::ModelListShape shape,
                                   const Routes& routes) const;
  http::Task<Result<Reply>> Ask(http::ServerExchange& client,
                                const Upstream& upstream) const;

  const GateRooms& rooms_;
};

}  // namespace cofferdam::gate
