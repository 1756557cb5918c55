package dev.weir.gateway.http;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/** The addresses of the proxies whose forwarding headers count. Looks up no names. Immutable. */
public final class TrustedProxies {

    private final List<IpSubnetFilterRule> subnets;

    private TrustedProxies(List<IpSubnetFilterRule> subnets) {
        this.subnets = subnets;
    }

    /**
     * @param networks IP addresses, or networks as {@code 10.0.0.0/8}
     * @throws IllegalArgumentException that names the first which is neither
     */
    public static TrustedProxies of(List<String> networks) {
        return new TrustedProxies(networks.stream().map(TrustedProxies::subnet).toList());
    }

    private static IpSubnetFilterRule subnet(String network) {
        String[] parts = network.trim().split("/", 2);
        byte[] address = NetUtil.createByteArrayFromIpAddressString(parts[0]);
        if (address != null) {
            try {
                int prefix = parts.length > 1 ? Integer.parseInt(parts[1]) : 8 * address.length;
                return new IpSubnetFilterRule(parts[0], prefix, IpFilterRuleType.ACCEPT);
            } catch (IllegalArgumentException e) {
                // The prefix is no number, or larger than the address.
            }
        }
        throw new IllegalArgumentException(
                "a trusted proxy must be an IP address or a network such as 10.0.0.0/8, not \"%s\"".formatted(network));
    }

    /** @param ip an address as text; anything else belongs to no network */
    boolean contains(String ip) {
        // An IPv4 address that is written as an IPv6 one becomes IPv4 here.
        InetAddress address = ip == null ? null : NetUtil.createInetAddressFromIpAddressString(ip);
        return address != null
                && subnets.stream().anyMatch(subnet -> subnet.matches(new InetSocketAddress(address, 0)));
    }
}
