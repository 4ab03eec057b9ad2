/* Errors of datagrams. lwIP tells no UDP socket that its peer has no such port, so a raw_pcb of this
 * file's own, one for each version of IP, sees the ICMP packets.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#if USOCKET_DATAGRAMS

#if LWIP_RAW

#include <lwip/ip.h>

#include <string.h>

/* Bytes of the packet that are looked at: ICMP's header, the longest IPv4 header, two ports. */
#define LOOK (8 + 60 + 4)

static uint16_t number_at(const uint8_t *p) {
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* Report an error to the socket that has sent a packet from a port to an address. */
static void report(const ip_addr_t *to, const uint8_t *ports) {
    for (slot_t *s = slots; s < slots + PLAT_HANDLE_COUNT; s++) {
        if (s->kind == DATAGRAM && s->stage == CONNECTED) {
            const struct udp_pcb *pcb = s->pcb.udp;
            if (pcb->local_port == number_at(ports) && pcb->remote_port == number_at(ports + 2) &&
                ip_addr_eq(&pcb->remote_ip, to)) {
                slot_fail(s, USOCKET_ECONNREFUSED);
                slot_changed(s);
                return;
            }
        }
    }
}

/* RFC 792: type 3, code 3, port unreachable; the packet's own header follows. */
static u8_t on_icmp(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from) {
    uint8_t buf[LOOK];
    u16_t n = pbuf_copy_partial(p, buf, sizeof(buf), ip_current_header_tot_len());
    (void)arg, (void)pcb, (void)from;
    if (n >= 8 + 20 + 4 && buf[0] == 3 && buf[1] == 3 && buf[8 + 9] == IP_PROTO_UDP) {
        size_t header = (size_t)(buf[8] & 0xf) * 4;
        ip4_addr_t four;
        ip_addr_t to;
        memcpy(&four, buf + 8 + 16, 4);
        ip_addr_copy_from_ip4(to, four);
        if (header >= 20 && 8 + header + 4 <= n) {
            report(&to, buf + 8 + header);
        }
    }
    return 0;
}

#if USOCKET_IPV6
/* RFC 4443: type 1, code 4, port unreachable. */
static u8_t on_icmp6(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from) {
    uint8_t buf[8 + 40 + 4];
    u16_t n = pbuf_copy_partial(p, buf, sizeof(buf), ip_current_header_tot_len());
    (void)arg, (void)pcb;
    if (n == sizeof(buf) && buf[0] == 1 && buf[1] == 4 && buf[8 + 6] == IP_PROTO_UDP) {
        ip6_addr_t six;
        ip_addr_t to;
        memcpy(six.addr, buf + 8 + 24, 16);
        ip6_addr_clear_zone(&six);
        if (ip6_addr_has_scope(&six, IP6_UNKNOWN)) {
            ip6_addr_set_zone(&six, ip6_addr_zone(ip_2_ip6(from)));
        }
        ip_addr_copy_from_ip6(to, six);
        report(&to, buf + 8 + 40);
    }
    return 0;
}
#endif

/* Without a free pcb the errors stay unknown until a later call finds one. */
void icmp_begin(void) {
    static struct raw_pcb *four;
    if (four == NULL) {
        four = raw_new_ip_type(IPADDR_TYPE_V4, IP_PROTO_ICMP);
        if (four != NULL) {
            raw_recv(four, on_icmp, NULL);
        }
    }
#if USOCKET_IPV6
    static struct raw_pcb *six;
    if (six == NULL) {
        six = raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6);
        if (six != NULL) {
            raw_recv(six, on_icmp6, NULL);
        }
    }
#endif
}

#else

void icmp_begin(void) {
}

#endif

#endif
