/* lwIP inside a test program: started by itself before main(). See start.c for the environment that it knows.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LWIP_START_H
#define TEST_LWIP_START_H

/* How many entries of lwIP's pools are taken. */
typedef struct {
    int netconns, tcp, tcp_listen, udp, raw; /* tcp: without those in TIME_WAIT */
    int netbufs, segments, pbufs, pool_pbufs, netdb, heap;
} lwip_census_t;

lwip_census_t lwip_census(void);

/* Whether lwIP's lists of connections are in order: each in one list, once, in a state that belongs there. */
int lwip_sane(void);

/* Print the connections that there are. */
void lwip_show(void);

#endif
