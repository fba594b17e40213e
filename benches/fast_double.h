#pragma once

namespace cofferdam::bench {

// A provider double that is as fast as the machine allows, so that a bench of
// proxies measures them and not it: one thread, one epoll, answers built
// beforehand (dialogue.h), no more HTTP/1.1 than well-behaved clients need
// (Content-Length bodies, keep-alive). Frames of a stream are one send each.
//
// Listens on a free port of 127.0.0.1, prints the port as a line on stdout, and
// serves until a signal ends the process. POST /release lets held streams go
// on. Answers anything it cannot read by closing the connection.
[[noreturn]] void RunDouble();

}  // namespace cofferdam::bench
