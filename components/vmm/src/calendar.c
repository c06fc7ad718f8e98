/* SPDX-License-Identifier: BSD-2-Clause */
/* The Gregorian calendar. */
#include <stdbool.h>
#include <vmm/calendar.h>

#define DAY      86400u
#define THURSDAY 4 /* 1 January 1970; Sunday is 0 */

static bool leap(uint32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of_month(uint32_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && leap(year) ? 1u : 0u);
}

void vmm_calendar_from_unix(uint64_t seconds, struct vmm_calendar *calendar)
{
    const uint64_t cycle = 146097; /* days of 400 years */
    uint64_t days = seconds / DAY;
    uint32_t rest = (uint32_t)(seconds % DAY);

    *calendar = (struct vmm_calendar){.year = 1970, .month = 1};
    calendar->weekday = (uint8_t)((days + THURSDAY) % 7 + 1);
    calendar->hour = (uint8_t)(rest / 3600);
    calendar->minute = (uint8_t)(rest / 60 % 60);
    calendar->second = (uint8_t)(rest % 60);
    calendar->year += (uint32_t)(days / cycle * 400);
    days %= cycle;
    while (days >= (leap(calendar->year) ? 366u : 365u))
        days -= leap(calendar->year++) ? 366u : 365u;
    while (days >= days_of_month(calendar->year, calendar->month))
        days -= days_of_month(calendar->year, calendar->month++);
    calendar->day = (uint8_t)(days + 1);
}
