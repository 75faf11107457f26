/* SPDX-License-Identifier: Apache-2.0 */
/* milan.c - the certificate authorities of AMD's product line Milan as facts; see certs/amd.h. */
#include "certs/amd.h"

static const struct amd_product FACTS = {
    .product = SNP_MILAN,
    .ark =
        {
            .cn = "ARK-Milan",
            .serial = 0x10000,
            .not_before = "2020-10-22T17:23:05Z",
            .not_after = "2045-10-22T17:23:05Z",
            .exponent = 65537,
            .modulus = "d0b779d9124e75e88996a2b625db15983ec592dba8b56c17d5f3605b8d5763d5"
                       "f3d471214949a12f3f42bbd0c7465be02523716de618b2725fbf28f1d4c7d4d1"
                       "5e6d90a894d447ac345b5ad644c0d2cccd8ac75873d8acaa4ee65d3e7e29f191"
                       "6df73857ff73448704f2394737ad52d63bbc5fddfee9dc4352b1b64b3c6a2780"
                       "61ab2626503aee3d72525f8bd4734d4fee3f7c329a8e4bde6b3917461de239d8"
                       "d6b3e66d81f8efaf8ec0b4eb4777ee363d2c57ae38fe0c7ab8bcaa07e2d92e64"
                       "2aa83f685e9a3edb80650551eeedca1585cfe7d5e6260b5ca20d398262344ff3"
                       "a2b4b86ecd5be965c2e9874a1d87fd483d7ab1dfe3278c3f7b03b7d7a6a19dff"
                       "2f0ac57ee392c4c4cc03a06ca01e6a6de59bedf228871360c96c44c5cf72335b"
                       "22f9ac072903fffc529e2bacb870648279443445b1d5471b410aecfa054392e5"
                       "4f86c9f321136062f338f18fbb2c6889627ae613cc5cadec5e901c6bbdad95f5"
                       "3250aa7377439de4b79be2422dfe8027e69300b4174b62ac865b2e45cfacfc33"
                       "67433d78dc6123249bda7a497e09eacf9e48d2edf7c21e2bd1935079319fc34d"
                       "cc054b72bb319eb0691cc3e968a8c6aad6a478b6319b3d8c42be90aaefe3a0a4"
                       "20a830d8addae2e8f4cd7c7c7cf5d2538c4fc9d6014bd1645ced7970a6fbb3c7"
                       "7583e5990c14c372ef7a727f20b5e840f1df6e41f40b23df865d635a124565ab",
            .sha256 = "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd",
            .spki_sha256 = "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9",
            .origin = "/vcek/v1/Milan/cert_chain",
        },
    .ask =
        {
            .cn = "SEV-Milan",
            .serial = 0x10001,
            .not_before = "2020-10-22T18:24:20Z",
            .not_after = "2045-10-22T18:24:20Z",
            .exponent = 65537,
            .modulus = "9d4d9daeb3537db84d4089657fe5b6cbe44e09b4b321dd5a2997edd93f738d94"
                       "0ece319c725d7b8b598829697b353701d15617b77271652cce663b232cd54010"
                       "dd8c1a3f5389e74bf907b02995f4266404b988e6f962a4b0bb7181d2e9f44ec4"
                       "64dc0d0ea575af4a913f9b41f0e5a4c906c874b7aee1a0b3ee3fd2975164072b"
                       "5ebfdb1b146cededcc278f38bd9bb9e8aac93eb91541a77f889f7e503dd723f1"
                       "87e51269c704dbee5032612c224c5bc28e8cfebef8f85bb378828ad25c00d12d"
                       "5b8a93345a0a5b708795b7120a34ccf0ab0d6d4c7703c7a4e4454b8d9587d69b"
                       "7d1374dfa51e97c9f40a9d8ea497968420fc1d5b778561aa8214fac8a3da504f"
                       "a5ae0d23f82426096d99de28a21b663cd7909b773501b7d84ba46089816fd482"
                       "926f7e7d2e4b64583da23cee6cc5f7f8d901a125c8ece3ef9c73318eea7d9b0e"
                       "6c7ba41457b1aaa420364cdca9a259ae43e7006b157b26a1c4f1d97da567fe63"
                       "76ab6fef628850b016de25025270e43d024d14c2d58e585850c10ab03fbc69e6"
                       "4e7a86f02fa38d4012edc8e347cab838f8720e62513e7682fd91b9b8fd0ad33e"
                       "86a0eff7b9e9fdc2ab210ae1de80b4e939e1c42512ab405af83d523054e074f9"
                       "e6cee45828c8ec38de7c850f950a043c4407804aa3fd2e0222872d1bef80b6ce"
                       "45b53c280448b35128a848e617c52dae64165768548f0ceac2f1c57a2f2b3f13",
            .sha256 = "67d303bd3905fd38db8b20e0793699870e7fa612eaad5dec358293fd8c0bac1b",
            .spki_sha256 = "42491669ccb851d627ea9846cd24eccbeb7de7c2a62740120fff88001d38ebb6",
            .origin = "/vcek/v1/Milan/cert_chain",
        },
    .asvk =
        {
            .cn = "SEV-VLEK-Milan",
            .serial = 0x10101,
            .not_before = "2022-11-16T22:45:24Z",
            .not_after = "2047-11-16T22:45:24Z",
            .exponent = 65537,
            .modulus = "d44516933e454cfcfeb964f68421328ac6a6f0546e5d90264b797ead781209e4"
                       "b5434fb5a257271522698b07ecb1f868bad26a78fca272ef8e8645f5df53cc78"
                       "efd53ad1f7ba92b860d266ab7e88269ed95889b99cad9f24d9181075b49bf357"
                       "70803d5368879796c043971b1a9f7bfc568e2785661a84cc57ae7c628c7fa651"
                       "6665115f45cb30da1c8d86a525d60cdda6720880f932814a2f14481a6b42154a"
                       "018b1d085942279b34b2d255645545ebded2df78ce544845176bcfce1c7243fd"
                       "1fd0d301433241ac5265b3c834a6d5e933e6b6bc0057d50fd50ab8d7cc67f48f"
                       "82d12b16bad3ffe52d4e88bf0e4f34380af81b1ce7ddd85df256fe310c1cdae1"
                       "27a51768a0a037fe045e1723f2081c92f6379b8acb7fa09120765e5ea9ae8860"
                       "566a9116f056f4e4c211adf65a15eed2dd59d5a6c42836772e966df7f0ab83ac"
                       "f23e95c32d1fed2c71e949a3d18fb093cc789e28c4f3f90e91ac209070719f68"
                       "00ff113358e7a687bcd2516606f35c3509be72ebddd6323afbe7fc3b4a8424a2"
                       "989ca79fb2de9f802b0d5415c1744f7b7851fdab0213609a8d3ee4182d403ad5"
                       "3342e20a652d83d1093be20dbdec984b1e91019508b28d127e2c2599371f6e25"
                       "c8b11b2cdabfa7e2396c7853cb96851cc7b3c9ef0c075c4b82d6df5b4f940f41"
                       "78e2bf0468a6413bbb84ce4c0c564bd02f5d58ae69b825097b1e88daf4aabf27",
            .sha256 = "c5e081f59b7efab1fe2f8b505e159704e72f29cab7ef7cf628a05a42439082f5",
            .spki_sha256 = "66450a123ea5876206df67f2514a4fea224c0f63b18313423078b0edc4535e33",
            .origin = "/vlek/v1/Milan/cert_chain",
        },
};

const struct amd_product *
amd_milan(void)
{
    return &FACTS;
}
