"""Data layout: sums over particles with eight float64 fields, as an array of structures or a structure of arrays.

The fields are x, y, z, vx, vy, vz, mass and charge, in this order. `aos`, the array of structures, is (particles, 8);
`soa`, the structure of arrays, is (8, particles).
"""

from __future__ import annotations

from numba import prange


def aos_1(aos):
    """The total mass."""
    total = 0.0
    for i in prange(aos.shape[0]):
        total += aos[i, 6]
    return total


def soa_1(soa):
    """The total mass."""
    total = 0.0
    for i in prange(soa.shape[1]):
        total += soa[6, i]
    return total


def aos_2(aos):
    """The total momentum along x."""
    total = 0.0
    for i in prange(aos.shape[0]):
        total += aos[i, 6] * aos[i, 3]
    return total


def soa_2(soa):
    """The total momentum along x."""
    total = 0.0
    for i in prange(soa.shape[1]):
        total += soa[6, i] * soa[3, i]
    return total


def aos_8(aos):
    """The total energy: kinetic, and potential in a uniform field."""
    total = 0.0
    for i in prange(aos.shape[0]):
        kinetic = aos[i, 6] * (aos[i, 3] * aos[i, 3] + aos[i, 4] * aos[i, 4] + aos[i, 5] * aos[i, 5])
        total += 0.5 * kinetic + aos[i, 7] * (aos[i, 0] + aos[i, 1] + aos[i, 2])
    return total


def soa_8(soa):
    """The total energy: kinetic, and potential in a uniform field."""
    total = 0.0
    for i in prange(soa.shape[1]):
        kinetic = soa[6, i] * (soa[3, i] * soa[3, i] + soa[4, i] * soa[4, i] + soa[5, i] * soa[5, i])
        total += 0.5 * kinetic + soa[7, i] * (soa[0, i] + soa[1, i] + soa[2, i])
    return total
