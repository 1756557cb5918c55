package dev.weir.gateway.http;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/** A set of IP networks. Looks up no names. Immutable. */
public final class Networks {

    private final List<IpSubnetFilterRule> subnets;

    private Networks(List<IpSubnetFilterRule> subnets) {
        this.subnets = subnets;
    }

    /**
     * @param what the networks are for, for messages
     * @param networks IP addresses, or networks as {@code 10.0.0.0/8}
     * @throws IllegalArgumentException that names the first which is neither
     */
    public static Networks of(String what, List<String> networks) {
        return new Networks(
                networks.stream().map(network -> subnet(what, network)).toList());
    }

    private static IpSubnetFilterRule subnet(String what, String network) {
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
                "%s must be an IP address or a network such as 10.0.0.0/8, not \"%s\"".formatted(what, network));
    }

    /** @param ip an address as text; anything else belongs to no network */
    boolean contains(String ip) {
        // An IPv4 address that is written as an IPv6 one becomes IPv4 here.
        InetAddress address = ip == null ? null : NetUtil.createInetAddressFromIpAddressString(ip);
        return address != null && contains(address);
    }

    public boolean contains(InetAddress address) {
        return subnets.stream().anyMatch(subnet -> subnet.matches(new InetSocketAddress(address, 0)));
    }
}
