#include "engine_hash.h"

#include <cmath>
#include <cstdio>

namespace softcuda {

namespace {

/** The first 32 bits of the fraction of a root of the n-th prime: where the standard's constants come from. */
struct Constants {
    uint32_t roundKeys[64];
    uint32_t initial[8];

    Constants() {
        int found = 0;
        for (int candidate = 2; found < 64; candidate++) {
            bool prime = true;
            for (int divisor = 2; divisor * divisor <= candidate; divisor++) {
                prime = prime && candidate % divisor != 0;
            }
            if (!prime) {
                continue;
            }
            roundKeys[found] = fraction(cbrtl(candidate));
            if (found < 8) {
                initial[found] = fraction(sqrtl(candidate));
            }
            found++;
        }
    }

    static uint32_t fraction(long double root) {
        return uint32_t((root - floorl(root)) * 4294967296.0L);
    }
};

const Constants constants;

uint32_t rotate(uint32_t x, int n) {
    return x >> n | x << (32 - n);
}

void addBlock(uint32_t* state, const unsigned char* block) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++) {
        const unsigned char* at = block + 4 * i;
        w[i] = uint32_t(at[0]) << 24 | uint32_t(at[1]) << 16 | uint32_t(at[2]) << 8 | at[3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t v[8];
    for (int i = 0; i < 8; i++) {
        v[i] = state[i];
    }
    for (int i = 0; i < 64; i++) {
        uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t t1 = v[7] + s1 + choice + constants.roundKeys[i] + w[i];
        uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        for (int k = 7; k > 0; k--) {
            v[k] = v[k - 1];
        }
        v[4] += t1;
        v[0] = t1 + s0 + majority;
    }
    for (int i = 0; i < 8; i++) {
        state[i] += v[i];
    }
}

}

void Hash::add(const std::string& field) {
    message += std::to_string(field.size()) + ":" + field;
}

std::string Hash::digest() const {
    std::string padded = message;
    uint64_t bits = uint64_t(message.size()) * 8;
    padded += char(0x80);
    padded.append((120 - padded.size() % 64) % 64, '\0');
    for (int shift = 56; shift >= 0; shift -= 8) {
        padded += char(bits >> shift & 0xff);
    }
    uint32_t state[8];
    for (int i = 0; i < 8; i++) {
        state[i] = constants.initial[i];
    }
    for (size_t at = 0; at < padded.size(); at += 64) {
        addBlock(state, reinterpret_cast<const unsigned char*>(padded.data()) + at);
    }
    char hex[65];
    for (int i = 0; i < 8; i++) {
        snprintf(hex + 8 * i, 9, "%08x", state[i]);
    }
    return hex;
}

}
