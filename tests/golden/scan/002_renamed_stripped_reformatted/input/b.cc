#include "level.h"
#include <algorithm>
#include <cmath>
namespace zz0
{
zz1::zz1(std::string zz2, size_t zz3)
        : zz4(std::move(zz2)), zz5(zz3) {}
bool zz1::zz6(zz7 zz8)
{
    if (zz9 > 0 && zz8.zz10 <= zz11().zz10)
{
        ++zz12;
        return false;
    }
    zz5[(zz13 + zz9) % zz5.zz14()] = zz8;
    if (zz9 < zz5.zz14())
{
        ++zz9;
    } else
{
        zz13 = (zz13 + 1) % zz5.zz14();
    }
    return true;
}
std::optional<double> zz1::zz15(int64_t zz10) const
{
    for (size_t zz16 = 1; zz16 < zz9; ++zz16)
{
        const zz7& zz17 = zz18(zz16 - 1);
        const zz7& zz19 = zz18(zz16);
        if (zz10 < zz17.zz10 || zz10 > zz19.zz10) continue;
        double zz20 = static_cast<double>(zz10 - zz17.zz10) /
                                      static_cast<double>(zz19.zz10 - zz17.zz10);
        return zz17.zz21 + zz20 * (zz19.zz21 - zz17.zz21);
    }
    return std::nullopt;
}
zz22 zz1::zz23(int64_t zz10) const
{
    double zz24 = 0;
    size_t zz25 = 0;
    for (size_t zz16 = 1; zz16 < zz9; ++zz16)
{
        if (zz18(zz16).zz10 < zz10) continue;
        zz24 += zz18(zz16).zz21 - zz18(zz16 - 1).zz21; ++zz25;
    }
    if (zz25 < 3) return zz22::zz26;
    double zz27 = zz24 / static_cast<double>(zz25);
    if (std::abs(zz27) < zz28) return zz22::zz29;
    return zz27 > 0 ? zz22::zz30 : zz22::zz31;
}
void zz1::zz32(int64_t zz33)
{
    while (zz9 > 0 && zz18(0).zz10 < zz33)
{
        zz13 = (zz13 + 1) % zz5.zz14();
        --zz9;
    }
}
}
