"""The inverse Hessian of Broyden, Fletcher, Goldfarb and Shanno for three parameters, as its upper triangle.

Formulas: J. Nocedal and S. Wright, Numerical Optimization (2006), eq. 6.17 and 6.20.
"""

from skydriver.recos._kernels.jit import kernel

Triangle = tuple[float, float, float, float, float, float]
Vector = tuple[float, float, float]


@kernel
def damped_inverse(h: Triangle, damping: float) -> Triangle:
    """The inverse of the positive semi-definite `h` with its diagonal raised by the factor 1 + `damping` > 1."""
    floor = 1e-9 * (h[0] + h[3] + h[5]) + 1e-30
    a = h[0] * (1.0 + damping) + floor
    d = h[3] * (1.0 + damping) + floor
    f = h[5] * (1.0 + damping) + floor
    b, c, e = h[1], h[2], h[4]
    aa = d * f - e * e
    bb = c * e - b * f
    cc = b * e - c * d
    r = 1.0 / (a * aa + b * bb + c * cc)
    return aa * r, bb * r, cc * r, (a * f - c * c) * r, (b * c - a * e) * r, (a * d - b * b) * r


@kernel
def dot(u: Vector, v: Vector) -> float:
    """Scalar product."""
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]


@kernel
def times(m: Triangle, v: Vector) -> Vector:
    """The symmetric matrix `m` applied to `v`."""
    return (
        m[0] * v[0] + m[1] * v[1] + m[2] * v[2],
        m[1] * v[0] + m[3] * v[1] + m[4] * v[2],
        m[2] * v[0] + m[4] * v[1] + m[5] * v[2],
    )


@kernel
def updated(m: Triangle, s: Vector, y: Vector) -> Triangle:
    """The inverse Hessian after a step `s` that changed the gradient by `y`, with s . y > 0."""
    r = 1.0 / dot(s, y)
    z = times(m, y)
    c = r * (1.0 + r * dot(y, z))
    return (
        m[0] + c * s[0] * s[0] - 2.0 * r * s[0] * z[0],
        m[1] + c * s[0] * s[1] - r * (s[0] * z[1] + s[1] * z[0]),
        m[2] + c * s[0] * s[2] - r * (s[0] * z[2] + s[2] * z[0]),
        m[3] + c * s[1] * s[1] - 2.0 * r * s[1] * z[1],
        m[4] + c * s[1] * s[2] - r * (s[1] * z[2] + s[2] * z[1]),
        m[5] + c * s[2] * s[2] - 2.0 * r * s[2] * z[2],
    )
