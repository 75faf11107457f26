# SPDX-License-Identifier: Apache-2.0
"""What the black-box tests need: a PKI, a broker, people with roles, and guests with a TPM in software."""
