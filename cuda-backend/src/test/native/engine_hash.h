// SHA-256 (FIPS 180-4), by which compiled kernel modules are found and recognised.
#pragma once

#include <cstdint>
#include <string>

namespace softcuda {

class Hash {
public:
    /** Adds a field; its length goes in too, so that no two lists of fields are alike. */
    void add(const std::string& field);

    /** 64 hexadecimal digits. */
    std::string digest() const;

private:
    std::string message;
};

}
