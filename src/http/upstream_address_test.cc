#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http/address_internal.h"
#include "http/client.h"
#include "http/run_task_testing.h"

namespace cofferdam::http {
namespace {

using testing::HasSubstr;

Status Check(const std::string& text) {
  auto address = NumericAddress(text, 80);
  CHECK_OK(address);
  return CheckUpstreamAddress(*address);
}

TEST(UpstreamAddress, RefusesWhatIsNoUpstreamInEveryForm) {
  for (const char* text :
       {"169.254.0.0", "169.254.169.254", "169.254.170.2", "169.254.255.255",
        "0.0.0.0", "0.255.255.255", "224.0.0.1", "239.255.255.255",
        "255.255.255.255", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "::", "fe80::", "fe80::1", "febf:ffff::1", "ff02::1",
        "ff00::", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
        // Mapped, compatible, translated.
        "::ffff:169.254.169.254", "::ffff:0.0.0.0", "::169.254.169.254",
        "::ffff:0:169.254.169.254", "::ffff:168.63.129.16",
        // NAT64, well-known and local.
        "64:ff9b::169.254.169.254", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::169.254.169.254", "64:ff9b:1:a9fe:a9:fe00::",
        // 6to4, Teredo's server and client, ISATAP.
        "2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:5601:5601",
        "2001:db8::5efe:169.254.169.254", "fd00::200:5efe:169.254.169.254"}) {
    Status checked = Check(text);
    ASSERT_FALSE(checked.ok()) << text;
    EXPECT_EQ(checked.error().code(), Code::kDenied) << text;
    EXPECT_THAT(checked.error().message(), HasSubstr("no upstream may be"));
  }
}

TEST(UpstreamAddress, TakesWhatStandsBesideThem) {
  for (const char* text : {"127.0.0.1",
                           "127.255.255.254",
                           "10.0.0.1",
                           "172.16.0.1",
                           "192.168.1.1",
                           "169.253.255.255",
                           "169.255.0.0",
                           "1.0.0.0",
                           "223.255.255.255",
                           "240.0.0.1",
                           "255.255.255.254",
                           "100.100.100.199",
                           "100.100.100.201",
                           "168.63.129.15",
                           "168.63.129.17",
                           "192.0.0.191",
                           "192.0.0.193",
                           "8.8.8.8",
                           "::1",
                           "fe7f:ffff::1",
                           "fec0::1",
                           "fdff::1",
                           "feff::1",
                           "fd00:ec2::253",
                           "fd20:ce::253",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "64:ff9b::8.8.8.8",

                           "2002:808:808::1",
                           "2001:db8::1",
                           "2001:0:808:808::f7f7:f7f7",
                           "2001:db8::5efe:8.8.8.8",
                           "2606:4700::1"}) {
    Status checked = Check(text);
    EXPECT_TRUE(checked.ok()) << text << ": " << checked.error().message();
  }
}

TEST(UpstreamAddress, IsCheckedWhenAPoolIsMadeInEverySpelling) {
  LoopPool loops(1);
  for (const char* host :
       {"169.254.169.254", "2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe",
        "0251.0376.0251.0376", "169.254.43518", "169.16689662", "0", "fe80::1",
        "::ffff:a9fe:a9fe", "0:0:0:0:0:ffff:169.254.169.254"}) {
    auto pool = ClientPool::Create(loops, {.host = host, .port = 80}, {});
    ASSERT_FALSE(pool.ok()) << host;
    EXPECT_EQ(pool.error().code(), Code::kDenied) << host;
    EXPECT_THAT(pool.error().message(), HasSubstr(host));
  }
}

Task<Error> Send(ClientPool& clients, Loop& loop) {
  const RequestHead head{.method = "GET", .target = "/", .headers = {}};
  auto sent = co_await clients.Send(loop, head, "");
  CHECK(!sent.ok());
  co_return sent.error();
}

TEST(UpstreamAddress, IsCheckedForWhatANameLeadsTo) {
  LoopPool loops(1);
  for (const char* address : {"169.254.169.254", "::ffff:169.254.169.254"}) {
    auto clients =
        ClientPool::Create(loops, {.host = "metadata.example", .port = 80},
                           {.look_up = [address](const std::string& host)
                                -> Result<std::vector<std::string>> {
                             EXPECT_EQ(host, "metadata.example");
                             return std::vector<std::string>{address};
                           }});
    ASSERT_TRUE(clients.ok());
    const Error error = RunTask(loops, Send(**clients, loops.at(0)));
    EXPECT_EQ(error.code(), Code::kDenied);
    EXPECT_THAT(error.message(), HasSubstr("169.254.169.254"));
    EXPECT_THAT(error.message(), HasSubstr("upstream metadata.example"));
  }
}

}  // namespace
}  // namespace cofferdam::http
