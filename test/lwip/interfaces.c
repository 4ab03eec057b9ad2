/* lwIP's interfaces in a test program.
 *
 * By default there are the loopback interface, lo0, and ve1 with 192.0.2.2/24 and 2001:db8::2/64, which drops every packet; its name
 * server, 192.0.2.1, never answers, like all its neighbours. The maximum segment lifetime is 2 s there, so that tests reach the end of
 * TIME_WAIT. The environment can replace ve1 by a tap interface, with the usual lifetime of a minute:
 *   LWIP_TAP      its name; it exists, and its other end is up; tp1 in lwIP
 *   LWIP_IP4      address/prefix          LWIP_GATEWAY  address
 *   LWIP_IP6      address/prefix; usable at once, like the link-local one
 *   LWIP_DNS      address of the name server
 *   LWIP_MAC      02:00:00:00:00:02 if not given
 *
 * SPDX-License-Identifier: MIT
 */
#include "interfaces.h"

#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/stats.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FRAME_MAX 1600

unsigned long test_lwip_msl = 2000;
int test_lwip_tap = -1;

void test_lwip_failed(const char *what, const char *file, int line) {
    fprintf(stderr, "lwIP: %s (%s:%d)\n", what, file, line);
    abort();
}

static struct netif outside;

static void give_up(const char *what) {
    perror(what);
    _exit(97);
}

/* ---- The interface that drops every packet ------------------------------------------------------------------------ */

static err_t lose4(struct netif *netif, struct pbuf *p, const ip4_addr_t *to) {
    (void)netif, (void)p, (void)to;
    return ERR_OK;
}

static err_t lose6(struct netif *netif, struct pbuf *p, const ip6_addr_t *to) {
    (void)netif, (void)p, (void)to;
    return ERR_OK;
}

static err_t init_lost(struct netif *netif) {
    netif->name[0] = 'v';
    netif->name[1] = 'e';
    netif->mtu = 1500;
    netif->hwaddr_len = 6;
    netif->hwaddr[0] = 2;
    netif->hwaddr[5] = 2;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    netif->output = lose4;
    netif->output_ip6 = lose6;
    return ERR_OK;
}

/* ---- The tap interface -------------------------------------------------------------------------------------------- */

static err_t tap_output(struct netif *netif, struct pbuf *p) {
    char frame[FRAME_MAX];
    (void)netif;
    u16_t len = pbuf_copy_partial(p, frame, sizeof(frame), 0);
    if (write(test_lwip_tap, frame, len) < 0) {
        LINK_STATS_INC(link.drop); /* the other end is down, as with a cut wire */
    }
    return ERR_OK;
}

bool test_lwip_frame(void) {
    char frame[FRAME_MAX];
    ssize_t len = read(test_lwip_tap, frame, sizeof(frame));
    if (len <= 0) {
        return false;
    }
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
    if (p == NULL) {
        LINK_STATS_INC(link.memerr);
    } else if (pbuf_take(p, frame, (u16_t)len) != ERR_OK || outside.input(p, &outside) != ERR_OK) {
        pbuf_free(p);
    }
    return true;
}

static err_t init_tap(struct netif *netif) {
    const char *mac = getenv("LWIP_MAC");
    netif->name[0] = 't';
    netif->name[1] = 'p';
    netif->mtu = 1500;
    netif->hwaddr_len = 6;
    if (sscanf(mac != NULL ? mac : "02:00:00:00:00:02", "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &netif->hwaddr[0],
            &netif->hwaddr[1], &netif->hwaddr[2], &netif->hwaddr[3], &netif->hwaddr[4], &netif->hwaddr[5]) != 6) {
        give_up("LWIP_MAC");
    }
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = tap_output;
    return ERR_OK;
}

void test_lwip_open_tap(void) {
    const char *name = getenv("LWIP_TAP");
    struct ifreq ifr;
    if (name == NULL) {
        return;
    }
    memset(&ifr, 0, sizeof(ifr));
    strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
    ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
    test_lwip_tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (test_lwip_tap < 0 || ioctl(test_lwip_tap, TUNSETIFF, &ifr) < 0) {
        give_up(name);
    }
    test_lwip_msl = 60000;
}

/* ---- Addresses ---------------------------------------------------------------------------------------------------- */

/* "address/prefix" */
static int prefix_of(char *text) {
    char *slash = strchr(text, '/');
    if (slash == NULL) {
        return -1;
    }
    *slash = '\0';
    return atoi(slash + 1);
}

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value != NULL ? value : test_lwip_tap < 0 ? otherwise : NULL;
}

void test_lwip_interfaces(netif_input_fn input) {
    char text[64];
    ip4_addr_t ip4 = {0}, mask = {0}, gateway = {0};
    ip6_addr_t ip6;
    ip_addr_t dns;
    const char *value = setting("LWIP_IP4", "192.0.2.2/24");
    if (value != NULL) {
        snprintf(text, sizeof(text), "%s", value);
        int bits = prefix_of(text);
        mask.addr = lwip_htonl(bits <= 0 ? 0 : 0xffffffffu << (32 - bits));
        ip4addr_aton(text, &ip4);
    }
    if ((value = setting("LWIP_GATEWAY", NULL)) != NULL) {
        ip4addr_aton(value, &gateway);
    }
    netif_add(&outside, &ip4, &mask, &gateway, NULL, test_lwip_tap < 0 ? init_lost : init_tap, input);
    netif_set_hostname(&outside, "lwip");
    netif_create_ip6_linklocal_address(&outside, 1);
    netif_ip6_addr_set_state(&outside, 0, IP6_ADDR_PREFERRED);
    if ((value = setting("LWIP_IP6", "2001:db8::2/64")) != NULL) {
        s8_t index;
        snprintf(text, sizeof(text), "%s", value);
        prefix_of(text);
        if (ip6addr_aton(text, &ip6) && netif_add_ip6_address(&outside, &ip6, &index) == ERR_OK) {
            netif_ip6_addr_set_state(&outside, index, IP6_ADDR_PREFERRED);
        }
    }
    if (test_lwip_tap >= 0) {
        netif_set_default(&outside);
    }
    netif_set_up(&outside);
    netif_set_link_up(&outside);
    if ((value = setting("LWIP_DNS", "192.0.2.1")) != NULL && ipaddr_aton(value, &dns)) {
        dns_setserver(0, &dns);
    }
}
