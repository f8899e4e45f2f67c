/* The calendar, proleptic Gregorian, and moments that no cell of a moment has room for. */
#include "rows.h"

static bool leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Whether the calendar has it; the year 0 is none. */
bool date_exists(Date date)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1)
        return false;
    return date.day <= days[date.month - 1] + (unsigned)(date.month == 2 && leap(date.year));
}

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* Days since 1970. Years begin with March here, so that the day of a leap year is the last of its year; the calendar
 * repeats itself every 400 years. */
int64_t days_of_date(Date date)
{
    int64_t year = date.year - (date.month <= 2), cycle = floor_divide(year, 400), in_cycle = year - cycle * 400;
    int64_t month = (date.month + 9) % 12, in_year = (153 * month + 2) / 5 + date.day - 1;
    return cycle * 146097 + in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + in_year - 719468;
}

Date date_of_days(int64_t days)
{
    days += 719468;
    int64_t cycle = floor_divide(days, 146097), day = days - cycle * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t in_year = day - (365 * year + year / 4 - year / 100), month = (5 * in_year + 2) / 153;
    Date date = {cycle * 400 + year, (unsigned)(month < 10 ? month + 3 : month - 9),
                 (unsigned)(in_year - (153 * month + 2) / 5 + 1)};
    date.year += date.month <= 2;
    return date;
}

/* YYYY-MM-DD, with a clock also HH:MM:SS.ffffff, into MOMENT_TEXT bytes. */
size_t write_moment(char *text, Date date, bool clock, int64_t microseconds)
{
    long long second = microseconds / 1000000, part = microseconds % 1000000;
    int size = snprintf(text, MOMENT_TEXT, "%04lld-%02u-%02u", (long long)date.year, date.month, date.day);
    if (clock)
        size += snprintf(text + size, (size_t)(MOMENT_TEXT - size), " %02lld:%02lld:%02lld.%06lld", second / 3600,
                         second / 60 % 60, second % 60, part);
    return (size_t)size;
}

/* Days since 1970 and a time of the day as a moment. One beyond 64 bits, as databases have in the year 294,247, becomes
 * a text rather than another moment or an infinite one. */
Fault put_moment_of(Out *out, int64_t days, int64_t microseconds)
{
    const int64_t most = INT64_MAX / DAY - 1;
    char text[MOMENT_TEXT];
    if (days >= -most && days <= most)
        return put_moment(out, days * DAY + microseconds);
    size_t size = write_moment(text, date_of_days(days), true, microseconds);
    return put_misfit(out, 't', (const uint8_t *)text, size);
}
