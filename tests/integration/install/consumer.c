/* SPDX-License-Identifier: MIT */
/*
 * A program outside the tree that uses an installed libbaals: makes a key and prints its address.
 */
#include <stdio.h>

#include <baals/baals.h>

int main(void)
{
    const uint8_t seed[32] = {1};
    baals_keypair keypair;
    baals_keypair_from_seed(&keypair, seed);
    char text[BAALS_ADDRESS_TEXT_SIZE];
    baals_address_format(text, BAALS_ADDRESS_ACCOUNT, &keypair.address);
    baals_keypair_wipe(&keypair);
    printf("%s\n", text);
    return 0;
}
