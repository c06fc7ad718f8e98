/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines of boot modules. */
#include "config.h"

#include <nacelle/object.h>

#define PAGE             4096ull
#define MEMORY_DEFAULT   (4ull << 20)
#define MEMORY_MAX       (64ull << 30)
#define SLOTS_DEFAULT    1024
#define SLOTS_MIN        64
#define SLOTS_MAX        65536
#define PRIORITY_DEFAULT 16
#define SLICE_MAX        1000000 /* a second */

/* The keys with a number: range, default, where it goes. */
struct number_key {
    const char *key;
    uint64_t otherwise, least, most;
    size_t offset;
    const char *problem;
};

#define FIELD(name) __builtin_offsetof(struct client_config, name)

static const struct number_key number_keys[] = {
    {"memory", MEMORY_DEFAULT, 0, MEMORY_MAX, FIELD(memory), "memory= is not 0 to 64G"},
    {"slots", SLOTS_DEFAULT, SLOTS_MIN, SLOTS_MAX, FIELD(slots), "slots= is not 64 to 65536"},
    {"priority", PRIORITY_DEFAULT, 1, NACELLE_PRIORITIES - 2, FIELD(priority),
     "priority= is not 1 to 30"},
    {"slice", 0, 0, SLICE_MAX, FIELD(slice), "slice= is not 0 to 1000000 microseconds"},
};

bool config_is_client(const char *line)
{
    struct nacelle_word name;

    return nacelle_argument(line, "client", &name);
}

static const char *read_expectation(const char *line, struct client_config *config)
{
    struct nacelle_word word;

    if (!nacelle_argument(line, "expect", &word))
        return NULL;
    if (nacelle_word_is(word, "fault")) {
        config->expectation = EXPECT_FAULT;
    } else if (nacelle_word_is(word, "refused")) {
        config->expectation = EXPECT_REFUSED;
    } else if (nacelle_word_is(word, "running")) {
        config->expectation = EXPECT_RUNNING;
    } else if (!nacelle_word_number(word, &config->expected_status) ||
               config->expected_status > UINT32_MAX) {
        return "expect= is not fault, refused, running or an exit status";
    }
    return NULL;
}

const char *config_read(const char *line, struct client_config *config)
{
    struct nacelle_word word = {"", 0};
    const char *problem;

    *config = (struct client_config){.expectation = EXPECT_STATUS};
    (void)nacelle_argument(line, "client", &word);
    if (!nacelle_word_copy(word, config->name, sizeof(config->name)) || !word.length)
        return "client= is not a name of 1 to 31 characters";
    problem = read_expectation(line, config);
    if (problem)
        return problem;
    for (unsigned i = 0; i < sizeof(number_keys) / sizeof(number_keys[0]); i++) {
        const struct number_key *key = &number_keys[i];
        uint64_t *number = (uint64_t *)(void *)((char *)config + key->offset);

        if (!nacelle_argument_number(line, key->key, key->otherwise, number) ||
            *number < key->least || *number > key->most)
            return key->problem;
    }
    if (config->slots & (config->slots - 1))
        return "slots= is not a power of two";
    config->memory = (config->memory + PAGE - 1) & ~(PAGE - 1);
    if (!nacelle_argument(line, "files", &config->files))
        config->files = (struct nacelle_word){"", 0};
    if (!nacelle_argument(line, "channel", &config->channels))
        config->channels = (struct nacelle_word){"", 0};
    return NULL;
}
