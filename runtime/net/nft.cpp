#include "nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

extern "C" {
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
}

#include "devenv/error.h"

namespace devenv::net {

namespace {

constexpr std::size_t kMessageRoom = 4096;
constexpr std::uint32_t kSubnetMask = 0xffffff00u;
// linux/netfilter.h hides these behind its own enums of other families; priorities as nft(8) names them.
constexpr std::int32_t kPriorityDstnat = -100, kPriorityAfterDstnat = -50, kPriorityFilter = 0;
constexpr std::uint32_t kEstablishedOrRelated = 2 | 4;  // NF_CT_STATE_BIT of both
constexpr std::uint32_t kSourceOffset = 12, kDestinationOffset = 16, kDestinationPortOffset = 2;

template <class T, void (*free_it)(const T*)>
struct Freed {
  void operator()(T* object) const { free_it(object); }
};
using Table = std::unique_ptr<nftnl_table, Freed<nftnl_table, nftnl_table_free>>;
using Chain = std::unique_ptr<nftnl_chain, Freed<nftnl_chain, nftnl_chain_free>>;
using RuleHandle = std::unique_ptr<nftnl_rule, Freed<nftnl_rule, nftnl_rule_free>>;

template <class T>
T* must(T* object) {
  if (object == nullptr) throw std::bad_alloc();
  return object;
}

/// The messages of one transaction, acknowledged one by one.
class Batch {
 public:
  Batch() {
    nftnl_batch_begin(room_, sequence_++);
    keep();
  }

  template <class BuildPayload>
  void add(int type, std::uint16_t flags, BuildPayload build) {
    nlmsghdr* header = nftnl_nlmsg_build_hdr(room_, static_cast<std::uint16_t>(type), NFPROTO_IPV4,
                                             static_cast<std::uint16_t>(flags | NLM_F_ACK), sequence_++);
    build(header);
    keep();
  }

  std::string finish() {
    nftnl_batch_end(room_, sequence_++);
    keep();
    return std::move(bytes_);
  }

 private:
  void keep() { bytes_.append(room_, reinterpret_cast<const nlmsghdr*>(room_)->nlmsg_len); }

  alignas(nlmsghdr) char room_[kMessageRoom] = {};
  std::uint32_t sequence_ = 0;
  std::string bytes_;
};

/// One rule about what arrives on the bridge, read from left to right like nft(8)'s own language.
class Rule {
 public:
  Rule(const std::string& table, const char* chain, const std::string& bridge)
      : rule_(must(nftnl_rule_alloc())) {
    nftnl_rule_set_str(rule_.get(), NFTNL_RULE_TABLE, table.c_str());
    nftnl_rule_set_str(rule_.get(), NFTNL_RULE_CHAIN, chain);
    nftnl_rule_set_u32(rule_.get(), NFTNL_RULE_FAMILY, NFPROTO_IPV4);
    char name[IFNAMSIZ] = {};
    std::memcpy(name, bridge.data(), bridge.size());
    load_meta(NFT_META_IIFNAME).compare(NFT_CMP_EQ, name, sizeof name);
  }

  Rule& protocol(std::uint8_t number) {
    return load_meta(NFT_META_L4PROTO).compare(NFT_CMP_EQ, &number, sizeof number);
  }
  Rule& outside(std::uint32_t offset, Subnet subnet) {
    const std::uint32_t base = htonl(subnet.base().value);
    return load(NFT_PAYLOAD_NETWORK_HEADER, offset, 4)
        .mask(htonl(kSubnetMask))
        .compare(NFT_CMP_NEQ, &base, 4);
  }
  Rule& to(Ipv4 address) {
    const std::uint32_t value = htonl(address.value);
    return load(NFT_PAYLOAD_NETWORK_HEADER, kDestinationOffset, 4).compare(NFT_CMP_EQ, &value, 4);
  }
  Rule& port(std::uint16_t number) {
    const std::uint16_t value = htons(number);
    return load(NFT_PAYLOAD_TRANSPORT_HEADER, kDestinationPortOffset, 2).compare(NFT_CMP_EQ, &value, 2);
  }
  Rule& icmp_type(std::uint8_t type) {
    return load(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1).compare(NFT_CMP_EQ, &type, 1);
  }
  Rule& conntrack(std::uint32_t key, std::uint32_t any_of) {
    nftnl_expr* ct = expression("ct");
    nftnl_expr_set_u32(ct, NFTNL_EXPR_CT_KEY, key);
    nftnl_expr_set_u32(ct, NFTNL_EXPR_CT_DREG, NFT_REG_1);
    const std::uint32_t none = 0;
    return mask(any_of).compare(NFT_CMP_NEQ, &none, sizeof none);
  }

  Rule& verdict(int value) {
    nftnl_expr* immediate = expression("immediate");
    nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(value));
    return *this;
  }
  Rule& redirect(std::uint16_t port_number) {
    const std::uint16_t value = htons(port_number);
    nftnl_expr* immediate = expression("immediate");
    nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
    nftnl_expr_set(immediate, NFTNL_EXPR_IMM_DATA, &value, sizeof value);
    nftnl_expr* redir = expression("redir");
    nftnl_expr_set_u32(redir, NFTNL_EXPR_REDIR_REG_PROTO_MIN, NFT_REG_1);
    return *this;
  }
  Rule& reject(std::uint32_t type, std::uint8_t code = 0) {
    nftnl_expr* expr = expression("reject");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_REJECT_TYPE, type);
    nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE, code);
    return *this;
  }

  void add_to(Batch& batch) const {
    batch.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
              [&](nlmsghdr* header) { nftnl_rule_nlmsg_build_payload(header, rule_.get()); });
  }

 private:
  nftnl_expr* expression(const char* name) {
    nftnl_expr* expr = must(nftnl_expr_alloc(name));
    nftnl_rule_add_expr(rule_.get(), expr);
    return expr;
  }
  Rule& load_meta(std::uint32_t key) {
    nftnl_expr* meta = expression("meta");
    nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, key);
    nftnl_expr_set_u32(meta, NFTNL_EXPR_META_DREG, NFT_REG_1);
    return *this;
  }
  Rule& load(std::uint32_t base, std::uint32_t offset, std::uint32_t size) {
    nftnl_expr* payload = expression("payload");
    nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_BASE, base);
    nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
    nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_LEN, size);
    nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
    return *this;
  }
  Rule& mask(std::uint32_t bits) {
    const std::uint32_t zero = 0;
    nftnl_expr* bitwise = expression("bitwise");
    nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
    nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
    nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_LEN, sizeof bits);
    nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_MASK, &bits, sizeof bits);
    nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_XOR, &zero, sizeof zero);
    return *this;
  }
  Rule& compare(std::uint32_t operation, const void* data, std::uint32_t size) {
    nftnl_expr* cmp = expression("cmp");
    nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
    nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_OP, operation);
    nftnl_expr_set(cmp, NFTNL_EXPR_CMP_DATA, data, size);
    return *this;
  }

  RuleHandle rule_;
};

void table_message(Batch& batch, int type, std::uint16_t flags, const std::string& name) {
  const Table table(must(nftnl_table_alloc()));
  nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, name.c_str());
  nftnl_table_set_u32(table.get(), NFTNL_TABLE_FAMILY, NFPROTO_IPV4);
  batch.add(type, flags, [&](nlmsghdr* header) { nftnl_table_nlmsg_build_payload(header, table.get()); });
}

void add_chain(Batch& batch, const std::string& table, const char* name, const char* type, std::uint32_t hook,
               std::int32_t priority) {
  const Chain chain(must(nftnl_chain_alloc()));
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, table.c_str());
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, name);
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TYPE, type);
  nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_HOOKNUM, hook);
  nftnl_chain_set_s32(chain.get(), NFTNL_CHAIN_PRIO, priority);
  batch.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE,
            [&](nlmsghdr* header) { nftnl_chain_nlmsg_build_payload(header, chain.get()); });
}

/// Deleting what was just created or already there succeeds either way.
void remove_table(Batch& batch, const std::string& table) {
  table_message(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, table);
  table_message(batch, NFT_MSG_DELTABLE, 0, table);
}

std::string table_name(const std::string& bridge) {
  if (bridge.empty() || bridge.size() >= IFNAMSIZ)
    throw Error("build rules of bridge \"" + bridge + "\": the name must have 1 to 15 bytes");
  return "devenv-" + bridge;
}

void add_redirect(Batch& batch, const std::string& table, const NetworkRules& rules) {
  add_chain(batch, table, "redirect", "nat", NF_INET_PRE_ROUTING, kPriorityDstnat);
  Rule rule(table, "redirect", rules.bridge);
  rule.protocol(IPPROTO_TCP).outside(kDestinationOffset, rules.subnet);
  rule.redirect(rules.egress_port).add_to(batch);
}

/// After the redirection: whatever still wants to leave the subnet has no way to go, and is told so in the
/// form its socket reports at once: connect(2) only notes an ICMP error that arrives while it is still
/// sending, and UDP ignores "network unreachable", but not "network prohibited".
void add_guard(Batch& batch, const std::string& table, const NetworkRules& rules) {
  add_chain(batch, table, "guard", "filter", NF_INET_PRE_ROUTING, kPriorityAfterDstnat);
  const auto outside = [&](std::uint32_t offset) {
    Rule rule(table, "guard", rules.bridge);
    rule.outside(offset, rules.subnet);
    return rule;
  };
  outside(kSourceOffset).verdict(NF_DROP).add_to(batch);
  outside(kDestinationOffset).protocol(IPPROTO_TCP).reject(NFT_REJECT_TCP_RST).add_to(batch);
  outside(kDestinationOffset).reject(NFT_REJECT_ICMP_UNREACH, ICMP_NET_ANO).add_to(batch);
}

void add_input(Batch& batch, const std::string& table, const NetworkRules& rules) {
  add_chain(batch, table, "input", "filter", NF_INET_LOCAL_IN, kPriorityFilter);
  const auto rule = [&] { return Rule(table, "input", rules.bridge); };
  const Ipv4 gateway = rules.subnet.gateway();
  rule().conntrack(NFT_CT_STATE, kEstablishedOrRelated).verdict(NF_ACCEPT).add_to(batch);
  rule().protocol(IPPROTO_TCP).conntrack(NFT_CT_STATUS, IPS_DST_NAT).verdict(NF_ACCEPT).add_to(batch);
  rule().to(gateway).protocol(IPPROTO_UDP).port(53).verdict(NF_ACCEPT).add_to(batch);
  rule().to(gateway).protocol(IPPROTO_TCP).port(53).verdict(NF_ACCEPT).add_to(batch);
  rule().to(gateway).protocol(IPPROTO_ICMP).icmp_type(ICMP_ECHO).verdict(NF_ACCEPT).add_to(batch);
  rule().protocol(IPPROTO_TCP).reject(NFT_REJECT_TCP_RST).add_to(batch);
  rule().reject(NFT_REJECT_ICMP_UNREACH, ICMP_PORT_UNREACH).add_to(batch);
}

}  // namespace

std::string network_rules_batch(const NetworkRules& rules) {
  const std::string table = table_name(rules.bridge);
  Batch batch;
  remove_table(batch, table);
  table_message(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, table);
  if (!rules.internal) add_redirect(batch, table, rules);
  add_guard(batch, table, rules);
  add_input(batch, table, rules);
  return batch.finish();
}

std::string remove_rules_batch(const std::string& bridge) {
  Batch batch;
  remove_table(batch, table_name(bridge));
  return batch.finish();
}

}  // namespace devenv::net
