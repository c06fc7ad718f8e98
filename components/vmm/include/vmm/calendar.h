/* SPDX-License-Identifier: BSD-2-Clause */
/* Unix time to date and time of day, UTC. */
#ifndef VMM_CALENDAR_H
#define VMM_CALENDAR_H

#include <stdint.h>

struct vmm_calendar {
    uint32_t year;   /* 1970 ... */
    uint8_t month;   /* 1 to 12 */
    uint8_t day;     /* 1 to 31 */
    uint8_t weekday; /* 1 to 7, 1 is Sunday */
    uint8_t hour, minute, second;
};

void vmm_calendar_from_unix(uint64_t seconds, struct vmm_calendar *calendar);

#endif
