/* lwIP inside a test program, started before main(). interfaces.c describes the environment variables.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LWIP_START_H
#define TEST_LWIP_START_H

/* Number of used entries in lwIP's pools. */
typedef struct {
    int netconns, tcp, tcp_listen, udp, raw; /* tcp excludes TIME_WAIT; without lwIP's sockets netconns, netbufs and netdb are 0 */
    int netbufs, segments, pbufs, pool_pbufs, netdb, heap;
} lwip_census_t;

lwip_census_t lwip_census(void);

/* Check lwIP's lists of connections: returns 1 if each is in one list, once, in a valid state. */
int lwip_sane(void);

/* Print all connections. */
void lwip_show(void);

/* Abort the connections that a program has closed and lwIP has not. lwIP itself aborts one after 12 retries, which take minutes. */
void lwip_end_closing(void);

#endif
