/* The LAN9118: frames between its queues and lwIP.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "netif/ethernet.h"

#include "py/mphal.h"
#include "extmod/modnetwork.h"
#include "board.h"

#define LAN(offset) REG(0x40200000u + (offset))
#define RX_DATA LAN(0x00)
#define TX_DATA LAN(0x20)
#define RX_STATUS LAN(0x40)
#define TX_STATUS LAN(0x48)
#define IRQ_CFG LAN(0x54)
#define INT_STS LAN(0x58)
#define INT_EN LAN(0x5c)
#define BYTE_TEST LAN(0x64)
#define FIFO_INT LAN(0x68)
#define RX_CFG LAN(0x6c)
#define TX_CFG LAN(0x70)
#define HW_CFG LAN(0x74)
#define RX_DP_CTRL LAN(0x78)
#define RX_FIFO_INF LAN(0x7c)
#define TX_FIFO_INF LAN(0x80)
#define MAC_CSR_CMD LAN(0xa4)
#define MAC_CSR_DATA LAN(0xa8)

#define IRQ_CFG_PUSH_PULL_ACTIVE_HIGH 0x111u /* until then the line is active low: enable the NVIC afterwards */
#define INT_RX_LEVEL (1u << 3)               /* more frames wait than FIFO_INT says */
#define HW_CFG_RESET 1u
#define HW_CFG_STORE_AND_FORWARD ((1u << 20) | (5u << 16))
#define TX_CFG_ON 2u
#define TX_STATUS_ALLOWED (1u << 2) /* TX status may be overwritten */
#define CSR_BUSY (1u << 31)
#define CSR_READ (1u << 30)
#define MAC_CR 1u
#define MAC_ADDRH 2u
#define MAC_ADDRL 3u
#define MAC_CR_ON ((1u << 2) | (1u << 3)) /* receive and send */
#define MAC_CR_MULTICAST (1u << 19)
#define RX_ERROR (1u << 15)
#define FRAME_MAX 1536u
#define CRC 4u

static struct netif lan;
static bool started;
static union {
    uint32_t words[FRAME_MAX / 4];
    uint8_t bytes[FRAME_MAX];
} frame; /* used by PendSV, or with PendSV kept out */

struct netif *board_lan_netif(void) {
    return &lan;
}

static uint32_t mac_read(uint32_t index) {
    MAC_CSR_CMD = CSR_BUSY | CSR_READ | index;
    while (MAC_CSR_CMD & CSR_BUSY) {
    }
    return MAC_CSR_DATA;
}

static void mac_write(uint32_t index, uint32_t value) {
    MAC_CSR_DATA = value;
    MAC_CSR_CMD = CSR_BUSY | index;
    while (MAC_CSR_CMD & CSR_BUSY) {
    }
}

/* ---- Frames ---- */

void Lan_Handler(void);
void Lan_Handler(void) {
    INT_EN = 0; /* until PendSV has emptied the queue */
    board_pend();
}

void board_lan_poll(void) {
    if (!started) {
        return;
    }
    while ((RX_FIFO_INF >> 16) & 0xffu) {
        uint32_t status = RX_STATUS;
        uint32_t len = (status >> 16) & 0x3fffu;
        for (uint32_t i = 0; i < (len + 3) / 4; i++) {
            uint32_t word = RX_DATA;
            if (i < FRAME_MAX / 4) {
                frame.words[i] = word;
            }
        }
        if ((status & RX_ERROR) || len <= CRC || len - CRC > FRAME_MAX) {
            continue;
        }
        struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)(len - CRC), PBUF_POOL);
        if (p != NULL) {
            pbuf_take(p, frame.bytes, (u16_t)(len - CRC));
            if (lan.input(p, &lan) != ERR_OK) {
                pbuf_free(p);
            }
        }
    }
    INT_STS = INT_RX_LEVEL;
    INT_EN = INT_RX_LEVEL;
}

static err_t send(struct netif *netif, struct pbuf *p) {
    (void)netif;
    if (p->tot_len > FRAME_MAX) {
        return ERR_BUF;
    }
    if ((TX_FIFO_INF & 0xffffu) < p->tot_len + 16u) {
        return ERR_MEM;
    }
    pbuf_copy_partial(p, frame.bytes, p->tot_len, 0);
    TX_DATA = (1u << 13) | (1u << 12) | p->tot_len; /* command A: the first and last segment */
    TX_DATA = p->tot_len;                           /* command B */
    for (uint32_t i = 0; i < (p->tot_len + 3u) / 4u; i++) {
        TX_DATA = frame.words[i];
    }
    while ((TX_FIFO_INF >> 16) & 0xffu) {
        (void)TX_STATUS;
    }
    return ERR_OK;
}

/* ---- The interface ---- */

static err_t netif_init_lan(struct netif *netif) {
    uint32_t low = mac_read(MAC_ADDRL), high = mac_read(MAC_ADDRH);
    memcpy(netif->hwaddr, &low, 4);
    memcpy(netif->hwaddr + 4, &high, 2);
    netif->hwaddr_len = 6;
    netif->name[0] = 'e';
    netif->name[1] = '0';
    netif->mtu = 1500;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP;
    netif->linkoutput = send;
#if LWIP_IPV4
    netif->output = etharp_output;
#endif
#if LWIP_IPV6
    netif->flags |= NETIF_FLAG_MLD6;
    netif->output_ip6 = ethip6_output;
#endif
    return ERR_OK;
}

static bool chip_start(void) {
    if (BYTE_TEST != 0x87654321u) {
        return false;
    }
    HW_CFG = HW_CFG_RESET;
    while (HW_CFG & HW_CFG_RESET) {
    }
    HW_CFG = HW_CFG_STORE_AND_FORWARD;
    TX_CFG = TX_CFG_ON | TX_STATUS_ALLOWED;
    RX_CFG = 0;
    FIFO_INT = 0;
    INT_EN = 0;
    INT_STS = 0xffffffffu;
    IRQ_CFG = IRQ_CFG_PUSH_PULL_ACTIVE_HIGH;
    mac_write(MAC_CR, MAC_CR_ON | MAC_CR_MULTICAST);
    NVIC_PRIORITY(IRQ_LAN) = PRIORITY_LAN;
    NVIC_ISER = 1u << IRQ_LAN;
    return true;
}

bool board_lan_start(void) {
    if (started) {
        return true;
    }
    if (!chip_start()) {
        return false;
    }
    const uint32_t state = board_mask_pendsv();
    static bool added;
    if (!added) {
        added = true;
        netif_add_noaddr(&lan, NULL, netif_init_lan, ethernet_input);
        netif_set_default(&lan);
    }
    netif_set_hostname(&lan, mod_network_hostname_data);
    netif_set_up(&lan);
    netif_set_link_up(&lan);
    started = true;
#if LWIP_IPV6
    netif_create_ip6_linklocal_address(&lan, 1);
    lan.ip6_autoconfig_enabled = 1;
#endif
    dhcp_start(&lan);
    INT_EN = INT_RX_LEVEL;
    board_pend();
    board_unmask_pendsv(state);
    return true;
}

void board_lan_stop(void) {
    if (!started) {
        return;
    }
    const uint32_t state = board_mask_pendsv();
    INT_EN = 0;
    dhcp_release_and_stop(&lan);
    mac_write(MAC_CR, 0);
    started = false;
    netif_set_link_down(&lan);
    netif_set_down(&lan);
    board_unmask_pendsv(state);
}
